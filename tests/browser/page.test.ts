import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Page } from 'playwright-core'
import { chromiumPath, launch } from '../helpers/chromium.js'
import { serve, type Served } from '../helpers/server.js'
import { when } from '../helpers/when.js'

const SHOTS = path.resolve('build', 'screenshots')
const KEY = 'key-of-the-browser-test'
const test = when(chromiumPath !== undefined)

const RECORDS = [
  { id: 'tea', text: 'Green tea is brewed with water well below boiling, for two minutes at most.', metadata: { kind: 'drink', year: 2019 } },
  { id: 'coffee', text: 'Coffee beans are roasted, ground, and brewed with hot water.', metadata: { kind: 'drink', year: 2021 } },
  { id: 'bread', text: 'Bread is baked from flour, water, salt and yeast <b>or sourdough</b>.', metadata: { kind: 'food' } },
  { id: 'talk.mp3#t=75.20', text: 'And then I said that the choir ought to sing louder.', metadata: { source: 'https://radio.example/talk.mp3', start: 75.2, end: 80, language: 'en' } },
  { id: 'violin', text: 'A violin has four strings and is played with a bow.', metadata: { kind: 'music' } },
]

async function visit(t: ExecutionContext, server: Served, options: { colorScheme?: 'light' | 'dark'; address?: string } = {}): Promise<{ page: Page; outside: string[]; troubles: string[] }> {
  const browser = await launch()
  t.teardown(() => browser.close())
  const page = await browser.newPage({ viewport: { width: 1000, height: 760 }, colorScheme: options.colorScheme ?? 'light' })
  const outside: string[] = []
  const troubles: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url) && !/^(data|blob):/.test(request.url())) outside.push(request.url())
  })
  page.on('pageerror', (error) => troubles.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('Failed to load resource')) troubles.push(message.text())
  })
  await page.goto(`${server.url}${options.address ?? '/'}`)
  await mkdir(SHOTS, { recursive: true })
  return { page, outside, troubles }
}

async function kitchen(t: ExecutionContext, flags?: Record<string, unknown>, headers?: Record<string, string>): Promise<Served> {
  const server = await serve(t, flags)
  await server.call('POST', '/v1/collections', { name: 'kitchen' }, headers)
  await server.call('POST', '/v1/collections/kitchen/records', RECORDS, headers)
  return server
}

test('a hit in a recording says when it was said, and leads there', async (t) => {
  const { page } = await visit(t, await kitchen(t))
  await page.keyboard.type('the choir ought to sing louder')
  await page.waitForSelector('#results .moment')
  t.is(await page.locator('#results .moment').first().textContent(), 'https://radio.example/talk.mp3 at 1:15')
  t.is(await page.locator('#results a.moment').first().getAttribute('href'), 'https://radio.example/talk.mp3#t=75.2')
  t.is((await page.locator('#results li', { has: page.locator('.moment') }).first().locator('.fields').textContent())?.trim(), 'https://radio.example/talk.mp3 at 1:15 language: en')
})

test('a person types, sees results with marks, scores and times, and finds more like one, by keyboard alone', async (t) => {
  const server = await kitchen(t)
  const { page, outside, troubles } = await visit(t, server)
  await page.keyboard.type('green tea')
  await page.waitForSelector('#results mark')
  t.is(await page.locator('#results .id').first().textContent(), 'tea')
  t.deepEqual(await page.locator('#results li:first-child mark').allTextContents(), ['Green', 'tea'])
  t.regex(await page.locator('#status').textContent() ?? '', /results · [\d.]+ ms in the engine, \d+ ms in all · by words and meaning/)
  t.deepEqual(await page.locator('#results li:first-child dt').allTextContents(), ['score', 'keyword', 'vector'])
  await page.screenshot({ path: path.join(SHOTS, 'results-light.png') })

  await page.keyboard.press('ArrowDown')
  t.is(await page.evaluate(() => document.activeElement?.querySelector('.id')?.textContent), 'tea')
  await page.keyboard.press('Enter')
  await page.waitForFunction(() => document.querySelector('#status')?.textContent?.includes('like tea'))
  t.is(await page.locator('#results .id').filter({ hasText: /^tea$/ }).count(), 0)
  await page.keyboard.press('/')
  t.is(await page.evaluate(() => document.activeElement?.id), 'query')
  t.is(new URL(page.url()).searchParams.get('q'), 'green tea')

  await page.fill('#query', 'sourdough')
  await page.waitForFunction(() => document.querySelector('#results .id')?.textContent === 'bread')
  t.is(await page.locator('#results b').count(), 0, 'markup in a record stays text')
  t.regex(await page.locator('#results .text').first().textContent() ?? '', /<b>/)
  t.deepEqual(outside, [])
  t.deepEqual(troubles, [])
})

test('an address with a query shows its results, in the dark too', async (t) => {
  const server = await kitchen(t)
  const { page } = await visit(t, server, { colorScheme: 'dark', address: '/?q=instrument&mode=vector&in=kitchen' })
  await page.waitForFunction(() => document.querySelector('#results .id')?.textContent === 'violin')
  t.is(await page.inputValue('#mode'), 'vector')
  t.is(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(18, 22, 20)')
  await page.screenshot({ path: path.join(SHOTS, 'results-dark.png') })
})

test('nothing found, no collection, and a server that is gone are said', async (t) => {
  const server = await kitchen(t)
  const { page } = await visit(t, server)
  await page.selectOption('#mode', 'keyword')
  await page.fill('#query', 'zzzzqqqq')
  await page.waitForFunction(() => document.querySelector('#empty')?.textContent?.includes('Nothing found'))
  await page.screenshot({ path: path.join(SHOTS, 'empty.png') })
  await server.call('DELETE', '/v1/collections/kitchen')
  await page.fill('#query', 'tea')
  await page.waitForSelector('#status.bad')
  await page.reload()
  await page.waitForFunction(() => document.querySelector('#empty')?.textContent?.includes('no collection yet'))
  await server.stop()
  await page.evaluate(() => document.querySelector('#collection')?.append(new Option('x', 'x')))
  await page.fill('#query', 'coffee')
  await page.waitForFunction(() => document.querySelector('#status')?.textContent?.includes('can’t be reached'))
  t.pass()
})

test('a server with keys asks for one and then works', async (t) => {
  const server = await kitchen(t, { 'auth.keys': [KEY] }, { 'x-api-key': KEY })
  const { page } = await visit(t, server)
  await page.waitForSelector('#login:not([hidden])')
  await page.screenshot({ path: path.join(SHOTS, 'login.png') })
  await page.fill('#key', KEY)
  await page.keyboard.press('Enter')
  await page.waitForSelector('#login', { state: 'hidden' })
  await page.fill('#query', 'violin')
  await page.waitForFunction(() => document.querySelector('#results .id')?.textContent === 'violin')
  t.pass()
})

test('on a narrow screen nothing is cut off', async (t) => {
  const server = await kitchen(t)
  const { page } = await visit(t, server, { address: '/?q=water' })
  await page.setViewportSize({ width: 360, height: 700 })
  await page.waitForSelector('#results article')
  t.true(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth))
  await page.screenshot({ path: path.join(SHOTS, 'narrow.png') })
})

test('the API page shows the routes without any network', async (t) => {
  const server = await kitchen(t)
  const { page, outside, troubles } = await visit(t, server, { address: '/docs/' })
  await page.getByText('Make a collection').first().waitFor()
  await page.getByText('collections/{name}').first().waitFor()
  await page.screenshot({ path: path.join(SHOTS, 'docs.png') })
  t.deepEqual(outside, [])
  t.deepEqual(troubles.filter((text) => text.includes('Content Security Policy')), [], 'nothing even tries')
})
