#!/bin/sh
# The main job in a scratch repository, each step shown. `make demo` runs it with bd on the PATH.
set -eu

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME="$scratch" GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
run() { printf '$ %s\n' "$*"; "$@"; }

say "Ann starts a repository and says what is to be done"
git init -q --bare "$scratch/origin.git"
git clone -q "$scratch/origin.git" "$scratch/ann" 2>/dev/null
cd "$scratch/ann"
git config user.name ann
git config user.email ann@example.com
run bd init --prefix shop
epic=$(bd create "Checkout" --type epic --silent)
cart=$(bd create "Cart total is wrong with coupons" -t bug -p 1 --parent "$epic" --silent)
tax=$(bd create "Show tax per line" --parent "$epic" --deps "$cart" --silent)
run bd create "Faster search" -p 3
run bd ready
run bd blocked

say "Issue and code go into one commit"
git add -A
git commit -qm "Plan the checkout"
git push -q origin HEAD
run git status --short

say "Bob clones, takes what is ready, and closes it"
git clone -q "$scratch/origin.git" "$scratch/bob"
cd "$scratch/bob"
git config user.name bob
git config user.email bob@example.com
run bd update "$cart" --claim
run bd comments add "$cart" "Coupons are applied twice when the cart is restored"
run bd close "$cart" --reason "Apply coupons once, in Cart.restore" --suggest-next
git commit -qam "Apply coupons once"
git push -q origin HEAD

say "Ann pulls: the log is the truth, there is nothing to import"
cd "$scratch/ann"
git pull -q
run bd show "$cart"
run bd ready
run bd dep tree "$tax"

say "Both change the same issue, each on a branch of their own"
run bd update "$tax" --title "Show the tax per line and in total" --add-label audit
run bd comments add "$tax" "The audit needs the total too"
git commit -qam "Ann plans the tax"
cd "$scratch/bob"
run bd update "$tax" --priority 0 --add-label urgent
run bd comments add "$tax" "A customer waits for this"
run bd create "Translate the receipt" --deps "$tax"
git commit -qam "Bob plans the tax"
git push -q origin HEAD

say "git merges them, record by record: nothing is lost, nothing conflicts"
cd "$scratch/ann"
run git pull -q --no-rebase --no-edit
run bd show "$tax"
run bd ready

say "A mistake, and the way back"
run bd update "$tax" --priority 4
run bd undo
run bd stats
