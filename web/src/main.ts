import { mount } from 'svelte'
import './tokens.css'
import { read } from './i18n/index.ts'

await read()
const { default: App } = await import('./App.svelte')
mount(App, { target: document.getElementById('app')! })
