// A host for the plugin opencode-beads: node opencode.mjs PACKAGES WORKSPACE
// What the plugin puts into a session is printed as one JSON object.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [packages, workspace] = process.argv.slice(2)
// Its sources are TypeScript, which node reads, but not within node_modules; its host is another one
// and finds files without their endings.
const copy = mkdtempSync(join(tmpdir(), 'opencode-'))
cpSync(join(packages, 'opencode-beads'), copy, { recursive: true })
const { registerHooks } = await import('node:module')
registerHooks({
  resolve: (name, context, next) => next(name === './vendor' ? './vendor.ts' : name, context)
})
const { BeadsPlugin } = await import(pathToFileURL(join(copy, 'src/plugin.ts')).href)

const saw = { injected: '', commands: 0 }
const $ = strings => ({
  async text() {
    const done = spawnSync('sh', ['-c', strings.join('')], { cwd: workspace, encoding: 'utf8' })
    if (done.status !== 0) throw new Error(done.stderr)
    return done.stdout
  }
})
const client = {
  session: {
    messages: async () => ({ data: [] }),
    prompt: async ({ body }) => (saw.injected += body.parts.map(part => part.text).join('\n'))
  }
}
const plugin = await BeadsPlugin({ client, $ })
await plugin['chat.message']({}, { message: { sessionID: 's', model: {}, agent: 'a' } })
const config = {}
await plugin.config(config)
saw.commands = Object.keys(config.command).length
console.log(JSON.stringify(saw))
