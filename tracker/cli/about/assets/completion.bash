# Completion for bd and tracker in bash. In ~/.bashrc: eval "$(bd completion bash)"
_bd_complete() {
    local line word told current=$2 program=${1/#\~/$HOME} widest=0 i
    local -a words=() texts=()
    COMPREPLY=()
    type compopt >/dev/null 2>&1 && compopt -o nosort 2>/dev/null
    while IFS= read -r line; do
        word=${line%%$'\t'*}
        told=${line#*$'\t'}
        case $word in
            :files)
                type compopt >/dev/null 2>&1 && compopt -o filenames 2>/dev/null
                while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
                return ;;
            :dirs)
                type compopt >/dev/null 2>&1 && compopt -o filenames 2>/dev/null
                while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -d -- "$current")
                return ;;
        esac
        words+=("$word")
        texts+=("$told")
        ((${#word} > widest)) && widest=${#word}
    done < <("$program" __complete bash -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    for i in "${!words[@]}"; do
        # What it is stands behind a word only while several are shown, and none is put in.
        if ((${#words[@]} > 1)) && [[ ${COMP_TYPE-9} != 37 && ${COMP_TYPE-9} != 42 && -n ${texts[i]} ]]; then
            printf -v line '%-*s  (%s)' "$widest" "${words[i]}" "${texts[i]}"
            COMPREPLY+=("${line:0:${COLUMNS:-80}}")
        else
            COMPREPLY+=("${words[i]}")
        fi
    done
}
complete -F _bd_complete bd tracker
