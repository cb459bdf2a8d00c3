import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { chromiumPath, launch } from '../helpers/chromium.js'
import { serve } from '../helpers/server.js'
import { when } from '../helpers/when.js'

const SHOTS = path.resolve('build', 'screenshots')
const test = when(chromiumPath !== undefined)

const TOPICS = ['Green tea is brewed below boiling water in a pot', 'Coffee beans are roasted and brewed with boiling water', 'Violins and trumpets play music in an orchestra', 'Bread and cake are baked from flour and water']

test('a person asks why a result is there, and sees a graph, attention, a diagram and vectors', async (t) => {
  const server = await serve(t)
  await server.call('POST', '/v1/collections', { name: 'notes' })
  const records = [...Array(40).keys()].map((i) => ({ id: i === 0 ? '<i>tea & "co"</i>' : `note-${i}`, text: `${TOPICS[i % 4]}. Number ${i}, seen ${['in spring', 'in summer', 'at night'][i % 3]}.` }))
  await server.call('POST', '/v1/collections/notes/records', records)
  await server.call('POST', '/v1/graphs', { name: 'topics', collection: 'notes', neighbours: 4 })
  const browser = await launch()
  t.teardown(() => browser.close())
  const page = await browser.newPage({ viewport: { width: 1240, height: 1080 } })
  const [outside, troubles]: [string[], string[]] = [[], []]
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url) && !/^(data|blob):/.test(request.url())) outside.push(request.url())
  })
  page.on('pageerror', (error) => troubles.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('Failed to load resource')) troubles.push(message.text())
  })
  await mkdir(SHOTS, { recursive: true })

  await page.goto(server.url)
  await page.keyboard.type('green tea')
  await page.waitForSelector('#results mark')
  await page.locator('#results li', { hasText: '<i>tea' }).locator('.why').click()
  await page.waitForFunction(() => document.body.dataset['drawn'] !== undefined)
  t.is(await page.locator('#query').inputValue(), '<i>tea & "co"</i>')
  t.regex((await page.locator('#status').textContent()) ?? '', /^\d+ nodes, \d+ edges · .*the answer changes by [\d.]+ %/)
  for (const panel of ['network', 'attention', 'diagram', 'embedding']) t.true((await page.locator(`#${panel} svg`).count()) > 0, panel)
  t.true((await page.locator('#network circle').count()) > 4)
  t.true((await page.locator('#attention rect').count()) > 2)
  await page.screenshot({ path: path.join(SHOTS, 'graph-light.png'), fullPage: true })
  const drawing = await page.locator('#download').getAttribute('href')
  t.true(Buffer.from(drawing?.split(',')[1] ?? '', 'base64').toString().includes('&lt;i&gt;tea'))

  await page.locator('#network a').nth(2).click()
  await page.waitForFunction(() => document.body.dataset['drawn']?.startsWith('note-') === true)
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.locator('#hops').selectOption('3')
  await page.waitForFunction(() => new URLSearchParams(location.search).get('hops') === '3')
  await page.waitForTimeout(300)
  await page.screenshot({ path: path.join(SHOTS, 'graph-dark.png'), fullPage: true })

  await page.locator('#query').fill('nobody')
  await page.keyboard.press('Enter')
  await page.waitForSelector('#status.bad')
  t.regex((await page.locator('#status').textContent()) ?? '', /has no node "nobody"/)
  t.deepEqual([outside, troubles], [[], []])
})
