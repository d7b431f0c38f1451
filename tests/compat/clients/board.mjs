// Works with the board of beads-ui in a headless Chromium: node board.mjs PACKAGES URL SHOTS WORKSPACE
// It looks, edits from the browser, changes an issue by `bd` and waits for that in the open page.
// What it saw is printed as one JSON object; pictures go to the folder SHOTS.

import { join } from 'node:path'
import { bd, close, page, saw, shots, until, url } from './browser.mjs'

const column = name => page.locator(`#${name}-col`)
const card = title => page.locator('.board-card').filter({ hasText: title })
const detail = page.locator('#issue-dialog')

async function columns() {
  const names = ['blocked', 'ready', 'in-progress', 'closed']
  const titles = names.map(name => column(name).locator('.board-card__title').allInnerTexts())
  return Object.fromEntries((await Promise.all(titles)).map((cards, at) => [names[at], cards.sort()]))
}

/** After an edit the page holds a list where it wants an issue, until the server pushes it again. */
async function again() {
  await page.waitForTimeout(200)
  await until('the page is idle', () => page.locator('#header-loading').isHidden())
  const issue = page.url()
  await detail.locator('.issue-dialog__close').click()
  await until('the dialog is closed', () => detail.isHidden())
  await page.goto(issue)
  await until('the issue', async () => (await detail.innerText()).includes('Cart total'))
}

async function write(label, text, { lines = false } = {}) {
  await detail.getByLabel(`Edit ${label}`).click()
  const field = lines ? detail.locator('.editable-actions').locator('..').locator('textarea')
    : detail.locator('.detail-layout input[type=text]:focus, .detail-title input')
  await field.first().fill(text)
  if (lines) await detail.locator('.editable-actions button').first().click()
  else await field.first().press('Enter')
  await until(`${label} shows`, async () => (await detail.innerText()).includes(text))
  await again()
}

const steps = {
  async look() {
    await page.goto(`${url}/#/board`)
    await until('six cards', async () => (await page.locator('.board-card').count()) >= 6)
    saw.board = await columns()
    await page.screenshot({ path: join(shots, 'board.png') })
  },
  async edit() {
    await card('Cart total').click()
    await until('the issue', async () => (await detail.innerText()).includes('Cart total'))
    await write('title', 'Cart total with coupons')
    await write('description', 'Coupons count twice', { lines: true })
    await write('notes', 'Look at Cart.restore', { lines: true })
    await detail.locator('select.badge--priority').selectOption('0')
    await again()
    await detail.locator('select.badge--status').selectOption('in_progress')
    await again()
    await detail.getByPlaceholder('Label').fill('money')
    await detail.locator('.labels .props-card__footer button').click()
    await until('the label', async () => (await detail.locator('.labels').innerText()).includes('money'))
    await again()
    await detail.locator('.comments textarea').fill('- found it\n- mended it')
    await detail.locator('.comments button').click()
    await until('the comment', async () =>
      (await detail.locator('.comments').innerText()).includes('mended it'))
    saw.detail = await detail.innerText()
    await page.screenshot({ path: join(shots, 'issue.png') })
    await detail.locator('.issue-dialog__close').click()
    await until('the card moved', async () =>
      (await column('in-progress').innerText()).includes('Cart total with coupons'))
  },
  async drag() {
    await card('Show tax').dragTo(column('closed'))
    await until('the card is closed', async () =>
      (await column('closed').innerText()).includes('Show tax'))
  },
  async create() {
    await page.locator('#new-issue-btn').click()
    await page.locator('#new-title').fill('Made in the browser')
    await page.locator('#new-type').selectOption('bug')
    await page.locator('#new-description').fill('- with a list')
    await page.locator('#btn-create').click()
    await until('the new card', async () =>
      (await column('ready').innerText()).includes('Made in the browser'))
  },
  async arrive() {
    await page.waitForTimeout(1500) // the server does not listen for a second after its own edit
    bd('create', 'Made on the command line', '--silent')
    const start = Date.now()
    await until('it arrived', async () =>
      (await column('ready').innerText()).includes('Made on the command line'))
    saw.arrived = Date.now() - start
    await page.screenshot({ path: join(shots, 'arrived.png') })
  },
  async epics() {
    await page.goto(`${url}/#/epics`)
    const epics = page.locator('#epics-root')
    await until('its child', async () => (await epics.innerText()).includes('Cart total'))
    saw.epics = await epics.innerText()
    await page.screenshot({ path: join(shots, 'epics.png') })
  },
  async list() {
    await page.goto(`${url}/#/issues`)
    await until('the list', async () => (await page.locator('#list-root').innerText()).includes('Checkout'))
    saw.list = await page.locator('#list-root').innerText()
    await page.screenshot({ path: join(shots, 'list.png') })
  },
  async remove() {
    await page.goto(`${url}/#/board`)
    await card('Write the docs').click()
    await detail.locator('.delete-issue-btn').click()
    await page.locator('#delete-confirm-btn').click()
    await until('the card is gone', async () => (await card('Write the docs').count()) === 0)
  }
}

try {
  for (const [name, step] of Object.entries(steps)) {
    saw.step = name
    await step()
  }
  saw.step = 'done'
} catch (error) {
  saw.failed = `${saw.step}: ${error.message}`
} finally {
  await close()
}
