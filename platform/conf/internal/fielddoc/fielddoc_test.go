package fielddoc

import (
	"strings"
	"testing"
	"testing/fstest"
)

func source(text string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(strings.ReplaceAll(text, "'", "`"))}
}

func TestCollect(t *testing.T) {
	module := fstest.MapFS{
		"go.mod": source("module m"),
		"observe/sensor/config.go": source(`package sensor

// Config is the sensor's.
type Config struct {
	// Ring is the memory
	// of one ring.
	Ring int 'conf:"ring"'
	Tick int 'conf:"tick"' // Tick is short.
	// Other is no key.
	Other int 'json:"other"'
}
`),
		"config.go":                  source("package m\ntype C struct {\n// A and B are one.\nA, B int 'conf:\"a\"'\n}"),
		"observe/sensor/x_test.go":   source("package sensor\ntype C struct { A int 'conf:\"a\"' }"),
		"observe/testdata/config.go": source("package t\ntype C struct { A int 'conf:\"a\"' }"),
		"web/node_modules/x/c.go":    source("package t\ntype C struct { A int 'conf:\"a\"' }"),
		"nested/go.mod":              source("module n"),
		"nested/c.go":                source("package t\ntype C struct { A int 'conf:\"a\"' }"),
	}
	got, err := Collect(module, "m")
	want := "m.C.A\tA and B are one.\nm.C.B\tA and B are one.\n" +
		"m/observe/sensor.Config.Ring\tRing is the memory\\nof one ring.\nm/observe/sensor.Config.Tick\tTick is short.\n"
	if err != nil || string(got) != want {
		t.Errorf("got  %q, %v\nwant %q", got, err, want)
	}
	if doc := Read(string(got))["m/observe/sensor.Config.Ring"]; doc != "Ring is the memory\nof one ring." {
		t.Errorf("read back: got %q", doc)
	}
}

func TestAFieldWithoutCommentIsNamed(t *testing.T) {
	_, err := Collect(fstest.MapFS{"a/c.go": source("package a\ntype C struct {\n\tA int 'conf:\"a\"'\n}")}, "m")
	if want := "a/c.go:3:2: m/a.C.A has no doc comment"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
