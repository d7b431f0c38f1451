# Completion for bd and tracker in fish: bd completion fish > ~/.config/fish/completions/bd.fish
function __bd_complete
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    for line in ($typed[1] __complete fish -- $typed[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':files*'
                __fish_complete_path "$current"
            case ':dirs*'
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
for program in bd tracker
    complete --command $program --no-files --keep-order --arguments '(__bd_complete)'
end
