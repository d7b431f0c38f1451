"""The JSONL files of `.beads/`: lines, codecs, snapshots."""
