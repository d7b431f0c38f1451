// How long a board of many issues takes: node crowd.mjs PACKAGES URL SHOTS WORKSPACE
// Milliseconds until it is there, until a change by `bd` arrives, and until an edit is seen.

import { join } from 'node:path'
import { bd, close, page, saw, shots, until, url } from './browser.mjs'

const counts = () => page.locator('.board-column__count').allInnerTexts()
const column = name => page.locator(`#${name}-col`)

async function taken(name, act) {
  const start = Date.now()
  await act()
  saw[name] = Date.now() - start
}

try {
  await taken('board', async () => {
    await page.goto(`${url}/#/board`)
    await until('three columns', async () =>
      (await counts()).filter(count => count.trim() !== '0').length >= 3)
  })
  await until('the server is idle', () => page.locator('#header-loading').isHidden())
  saw.counts = (await counts()).map(Number)
  await page.screenshot({ path: join(shots, 'crowd.png') })
  await page.waitForTimeout(2000)
  const title = 'From the command line'
  bd('create', title, '-p', '0', '--silent')
  await taken('arrived', () =>
    until('it arrived', async () => (await column('ready').innerText()).includes(title)))
  await page.locator('.board-card').filter({ hasText: title }).click()
  const status = page.locator('#issue-dialog select.badge--status')
  await taken('edited', async () => {
    await status.selectOption('in_progress')
    await until('it moved', async () => (await column('in-progress').innerText()).includes(title))
  })
} catch (error) {
  saw.failed = error.message
} finally {
  await close()
}
