// Makes every call that @herbcaudill/beads-sdk has: node sdk.mjs PACKAGES WORKSPACE
// What each gave is printed as one JSON object. Its client of the command line is in the package
// beside the one that it exports, which reads the log where no daemon runs.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [packages, workspace] = process.argv.slice(2)
const dist = name => import(pathToFileURL(join(packages, '@herbcaudill/beads-sdk/dist', name)).href)
const { BeadsClient: Commands } = await dist('BeadsClient.js')
const sdk = await dist('index.js')

const bd = new Commands({ cwd: workspace })
const saw = {}
const called = new Set()
async function call(name, ...words) {
  called.add(name)
  return bd[name](...words)
}

const epic = (await call('create', { title: 'Checkout', type: 'epic' })).id
const cart = (await call('create', {
  title: 'Cart total', description: 'wrong', priority: 1, type: 'bug', assignee: 'bob',
  parent: epic, labels: ['ui', 'money']
})).id
const tax = (await call('create', { title: '- tax per line' })).id
saw.ids = { epic, cart, tax }
saw.addBlocker = await call('addBlocker', tax, cart)
saw.list = await call('list', { limit: 0, all: true })
saw.filtered = await call('list', {
  status: 'open', priority: 1, type: 'bug', assignee: 'bob', parent: epic, ready: true
})
saw.blocked = await call('blocked')
saw.blockedBelow = await call('blocked', epic)
saw.show = await call('show', [cart, tax])
saw.listWithParents = await call('listWithParents')
saw.update = await call('update', [tax], {
  title: 'Tax', description: 'd', priority: 0, status: 'in_progress', type: 'feature',
  assignee: 'cy', parent: epic, addLabels: ['a', 'b'], removeLabels: ['a']
})
await call('addComment', tax, '- first\n- second', 'dora')
await call('addComment', tax, 'mine')
saw.getComments = await call('getComments', tax)
saw.none = await call('getComments', cart)
saw.getInfo = await call('getInfo')
saw.addLabel = await call('addLabel', tax, 'new')
saw.getLabels = await call('getLabels', tax)
saw.noLabels = await call('getLabels', epic)
saw.removeLabel = await call('removeLabel', tax, 'new')
saw.listAllLabels = await call('listAllLabels')
saw.search = await call('search', {
  query: 'cart', status: 'open', type: 'bug', assignee: 'bob', labels: ['ui'],
  labelAny: ['ui', 'x'], limit: 5, sort: 'updated', reverse: true, priorityMin: 0, priorityMax: 2,
  createdAfter: '2020-01-01', createdBefore: '2099-01-01', updatedAfter: '2020-01-01T00:00:00Z',
  updatedBefore: '2099-01-01'
})
saw.ready = await call('ready', {
  assignee: 'bob', labels: ['ui'], labelAny: ['ui'], limit: 3, priority: 1, type: 'bug',
  sort: 'hybrid', parent: epic
})
saw.unassigned = await call('ready', { unassigned: true })
saw.count = await call('count')
saw.counts = {}
for (const by of ['byStatus', 'byPriority', 'byType', 'byAssignee', 'byLabel'])
  saw.counts[by] = await call('count', { [by]: true })
saw.counted = await call('count', {
  status: 'open', type: 'bug', assignee: 'bob', priority: 1, labels: ['ui']
})
saw.children = await call('children', epic)
saw.listDeps = await call('listDeps', tax)
saw.up = await call('listDeps', cart, { direction: 'up', type: 'blocks' })
saw.removeBlocker = await call('removeBlocker', tax, cart)
saw.close = await call('close', [cart, tax])
saw.reopen = await call('reopen', tax, 'not yet')
saw.epicStatus = await call('epicStatus')
saw.eligible = await call('epicStatus', true)
await call('close', tax)
saw.wouldClose = await call('epicCloseEligible', true)
saw.epicCloseEligible = await call('epicCloseEligible')
saw.syncStatus = await call('sync', { status: true })
saw.syncDry = await call('sync', { dryRun: true })
saw.sync = await call('sync', { import: true, noPush: true, noPull: true })
const junk = await call('create', { title: 'junk' })
await call('delete', junk.id)
saw.unknown = await call('show', 'shop-nope').then(() => 'found', error => error.message)
bd.watchMutations(() => {}, { interval: 50 })() // there is no daemon: it hears nothing
for (const name of ['watchMutations', 'exec']) called.add(name)
const methods = Object.getOwnPropertyNames(Commands.prototype)
saw.left = methods.filter(name => name !== 'constructor' && !called.has(name))

const reader = new sdk.BeadsClient()
await reader.connect(workspace)
let changed = 0
reader.onChange(() => changed++)
const titles = async found => (await found).map(issue => issue.title)
saw.log = {
  connected: reader.isConnected(),
  list: await titles(reader.list({ status: 'closed' })),
  show: (await reader.show(tax)).title,
  ready: await titles(reader.ready()),
  blocked: await titles(reader.blocked()),
  stats: await reader.stats(),
  ping: await reader.ping(),
  health: await reader.health()
}
spawnSync('bd', ['create', 'Later'], { cwd: workspace })
for (let tries = 0; tries < 100 && !changed; tries++) await new Promise(r => setTimeout(r, 50))
saw.log.changed = changed > 0
saw.log.later = await titles(reader.list({ query: 'later' }))
await reader.disconnect()
saw.registry = sdk.getAvailableWorkspaces(workspace)

console.log(JSON.stringify(saw))
process.exit(0)
