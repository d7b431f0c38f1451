#!/bin/sh
# The main job in a scratch repository, each step shown. `make demo` runs it with bd on the PATH:
# two clones, issues and memories, branches that go apart, a merge, what is ready, and a recall.
set -eu

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME="$scratch" GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat BD_NO_PAGER=1

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
run() {
    printf '\033[2m$'
    for word; do
        case $word in
            *[!A-Za-z0-9_./:=,-]*) printf " '%s'" "$word" ;;
            *) printf ' %s' "$word" ;;
        esac
    done
    printf '\033[0m\n'
    "$@"
}

say "Ann starts a repository and plans: an epic, and what waits for what"
git init -q --bare "$scratch/origin.git"
git clone -q "$scratch/origin.git" "$scratch/ann" 2>/dev/null
cd "$scratch/ann"
git config user.name ann
git config user.email ann@example.com
run bd init --prefix shop
epic=$(bd create "Checkout" --type epic --silent)
cart=$(bd create "Cart total is wrong with coupons" -t bug -p 1 -e 2h --parent "$epic" --silent)
tax=$(bd create "Show tax per line" -e 45m --parent "$epic" --deps "$cart" --silent)
mail=$(bd create "Send the receipt by mail" -e 3h --parent "$epic" --deps "$tax" --silent)
run bd create "Faster search" -p 3
run bd graph "$epic"
run bd ready
run bd blocked --why "$mail"

say "Issues and code go into one commit"
git add -A
git commit -qm "Plan the checkout"
git push -q origin HEAD
run git status --short

say "Bob clones, takes what is ready, closes it, and remembers what he found out"
git clone -q "$scratch/origin.git" "$scratch/bob"
cd "$scratch/bob"
git config user.name bob
git config user.email bob@example.com
run bd update "$cart" --claim
run bd comments add "$cart" "Coupons are applied twice when the cart is restored"
run bd close "$cart" --reason "Apply coupons once, in Cart.restore" --suggest-next
run bd memory set shop/coupons \
    "Cart.restore runs twice on a slow network: coupons must be applied there, once." \
    --kind pitfall --issue "$cart"
git add -A
git commit -qm "Apply coupons once"
git push -q origin HEAD

say "Ann pulls: the files are the truth, there is nothing to import"
cd "$scratch/ann"
git pull -q
run bd ready
run bd show "$cart"

say "Both change the same issue and the same memory, each in a clone of their own"
run bd update "$tax" --title "Show the tax per line and in total" --add-label audit
run bd comments add "$tax" "The audit needs the total too"
run bd memory ok shop/coupons --issue "$tax" --note "it saved an hour"
git commit -qam "Ann plans the tax"
cd "$scratch/bob"
run bd update "$tax" --title "Tax on every line" --priority 0 --add-label urgent
run bd comments add "$tax" "A customer waits for this"
run bd memory append shop/coupons "The test is tests/cart/restore.py."
run bd create "Translate the receipt" --deps "$tax"
git commit -qam "Bob plans the tax"
git push -q origin HEAD

say "Git merges them, record by record: nothing conflicts, and nothing is lost"
cd "$scratch/ann"
run git pull -q --no-rebase --no-edit
run bd show "$tax"

say "Where both said something else, one stands and the other is kept"
run bd conflicts
run bd resolve "$tax" --field title --text "Show tax on every line and in total"

say "What can be worked on now, and what is known about it"
run bd ready
run bd memory search 'why is the total of the cart wrong?'
run bd recall shop/coupons
run bd memory show shop/coupons

say "A mistake, and the way back"
run bd update "$mail" --status closed
run bd undo
run bd history "$tax"
run bd stats
