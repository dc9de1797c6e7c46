// Runs before the first paint, so that a chosen theme or language never flashes.
;(function () {
  var root = document.documentElement
  var theme = localStorage.getItem('theme')
  if (theme === 'light' || theme === 'dark') root.dataset.theme = theme
  var chosen = /(?:^|; )__Host-bulwark-lang=(en|fr)/.exec(document.cookie)
  root.lang = chosen ? chosen[1] : /^fr\b/i.test(navigator.language) ? 'fr' : 'en'
})()
