package node

import (
	"strings"

	"bulwark/console"
)

// wall is a layer of the cage as the console shows it.
func wall(text string, stands bool) console.Wall {
	name, detail, _ := strings.Cut(text, ": ")
	return console.Wall{Name: name, Stands: stands, Detail: detail}
}
