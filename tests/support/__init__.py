"""What tests share: workspaces, repositories, generators and samples."""
