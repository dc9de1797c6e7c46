import { mount } from 'svelte'
import './tokens.css'
import App from './App.svelte'
import { read } from './i18n/index.ts'
import { enter, roomOf, rooms } from './rooms/rooms.svelte.ts'

await Promise.all([read(), enter(roomOf(location.pathname) ?? rooms[0]!)])
mount(App, { target: document.getElementById('app')! })
