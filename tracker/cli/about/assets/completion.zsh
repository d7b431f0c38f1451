#compdef bd tracker
# Completion for bd and tracker in zsh. In ~/.zshrc, after compinit: eval "$(bd completion zsh)"
_bd_complete() {
    local line word told
    local -a lines offers
    lines=("${(@f)$(${(Q)words[1]} __complete zsh -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    for line in "${lines[@]}"; do
        [[ -n $line ]] || continue
        word=${line%%$'\t'*}
        told=${line#*$'\t'}
        case $word in
            :files) _files; return ;;
            :dirs) _files -/; return ;;
        esac
        offers+=("${word//:/\\:}${told:+:$told}")
    done
    # The words fit already, also where only the end of an id was typed.
    _describe -V 'bd' offers -U
}
if [[ ${funcstack[1]-} = _bd_complete ]]; then
    _bd_complete "$@"
else
    compdef _bd_complete bd tracker
fi
