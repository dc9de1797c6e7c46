// The pictures of what people do: an incident, what may be done, a case, a playbook, and who is on call.
import { join } from 'node:path'
import { settled } from './people.mjs'

/** Takes them of the program at url, on which somebody is signed in who is administrator and analyst. */
export async function takePictures(page, url, folder) {
  const send = (method, path, body) => page.evaluate(async ([method, path, body]) => (await fetch(`/api/${path}`, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })).json(), [method, path, body])
  const me = await page.evaluate(async () => (await fetch('/api/me')).json())
  const shot = async (name, path, ready) => {
    await page.goto(url + path)
    await ready().waitFor()
    await settled(page)
    await page.mouse.move(0, 0)
    await page.screenshot({ path: join(folder, `${name}.png`) })
  }

  await shot('incident', '/incidents/1', () => page.getByRole('heading', { level: 1 }))
  await shot('safety', '/safety', () => page.getByRole('table').first())

  let c = await send('POST', 'cases', { title: 'The image archive is asked for all patients', incidents: [1] })
  const change = async (what) => { c = await send('POST', `cases/${c.id}`, { rev: c.rev, ...what }) }
  await change({ owner: `person:${me.id}`, facts: { ...c.facts, aware: new Date(Date.now() - 19.6 * 3600e3).toISOString(), significant: true, personal_data: true }, note: 'Clocks: the director and the DPO said so' })
  await change({ declared: { to: 'certsante', stage: 'notification', reference: 'CERT-2026-118' }, task: { id: 0, text: 'Ask the maker of the PACS for its log', owner: `person:${me.id}`, done: false } })
  await shot('case', `/cases/${c.id}`, () => page.getByRole('heading', { name: 'Tasks' }))

  await send('POST', 'backtests', { playbook: 'ransomware', days: 30 })
  await shot('playbook', '/playbooks/ransomware', () => page.getByText(/It would have begun for/))

  const ways = [{ channel: 'chat' }]
  await send('PUT', 'notify/contacts/anne', { name: 'Anne Martin', language: 'fr', ways })
  await send('PUT', 'notify/contacts/bruno', { name: 'Bruno Petit', language: 'fr', ways })
  await send('PUT', 'notify/rotas/soc', { turns: ['anne', 'bruno'], days: 7, start: new Date(Date.now() - 3 * 86400e3).toISOString().slice(0, 10), at: '08:00', zone: 'Europe/Paris' })
  for (const name of ['incident', 'approval', 'health']) await send('PUT', `notify/policies/${name}`, { least: 'high', rounds: 3, steps: [{ minutes: 0, who: ['rota:soc'] }, { minutes: 10, who: ['contact:anne', 'contact:bruno'] }] })
  await send('POST', 'notify/contacts/anne/test', {})
  await shot('oncall', '/oncall', () => page.getByText('Anne Martin').first())
}
