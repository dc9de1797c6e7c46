// Runs before the first paint, so that a chosen theme or language never flashes.
;(function () {
  var theme = localStorage.getItem('theme')
  var language = localStorage.getItem('language') || (/^fr\b/i.test(navigator.language) ? 'fr' : 'en')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
  document.documentElement.lang = language
})()
