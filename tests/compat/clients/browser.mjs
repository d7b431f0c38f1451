// A headless Chromium with a page, for what looks at a board: PACKAGES URL SHOTS WORKSPACE
// What was seen goes into `saw`, which is printed at the end; pictures go to the folder `shots`.

import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [packages, address, folder, workspace] = process.argv.slice(2)
const found = createRequire(pathToFileURL(join(packages, 'x.js'))).resolve('playwright-core')
const { chromium } = (await import(pathToFileURL(found).href)).default

export const url = address
export const shots = folder
export const saw = { errors: [] }
const context = await chromium.launchPersistentContext(join(shots, 'profile'), {
  executablePath: process.env.CHROMIUM,
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  viewport: { width: 1680, height: 1000 }
})
export const page = await context.newPage()
page.setDefaultTimeout(60000)
page.on('pageerror', error => saw.errors.push(error.message))

export function bd(...words) {
  const done = spawnSync('bd', words, { cwd: workspace, encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`bd ${words.join(' ')}: ${done.stderr}`)
  return done.stdout.trim()
}

/** Answers of the server come one after the other, and the page shows each when it is there. */
export async function until(what, check) {
  for (let tries = 0; tries < 600; tries++) {
    if (await check()) return
    await page.waitForTimeout(100)
  }
  await page.screenshot({ path: join(shots, 'stuck.png') })
  throw new Error(`never: ${what}`)
}

export async function close() {
  await context.close()
  console.log(JSON.stringify(saw))
}
