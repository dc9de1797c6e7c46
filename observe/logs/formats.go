package logs

import (
	"fmt"
	"io/fs"
	"os"
	"slices"

	"bulwark/observe/logs/parse"
)

// Format is a form of logs that is understood.
type Format struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Product string `json:"product"`
	Setup   string `json:"setup"` // what is configured on the product
}

// readFormats reads the formats that are understood.
func (l *Logs) readFormats() (err error) {
	var own []fs.FS
	if dir := l.needs.Config.Parsers; dir != "" {
		own = append(own, os.DirFS(dir))
	}
	if l.parsers, err = parse.Load(own...); err != nil {
		return err
	}
	for i, r := range l.needs.Config.Sources {
		if r.Format != "" && !knows(l.parsers, r.Format) {
			return fmt.Errorf("sources[%d].format: there is no format %q", i, r.Format)
		}
	}
	return nil
}

// Formats are those that are understood.
func (l *Logs) Formats() []Format {
	all := []Format{}
	for _, f := range l.parsers.Formats() {
		all = append(all, Format{f.ID, f.Title, f.Product, f.Setup})
	}
	return all
}

// knows reports whether there is a format of that name.
func knows(set *parse.Set, id string) bool {
	return slices.ContainsFunc(set.Formats(), func(f parse.Format) bool { return f.ID == id })
}
