package engine

import (
	"runtime"
	"strings"
	"testing"
	"unsafe"
	"weak"

	"bulwark/detect/signature/internal/rule"
)

// TestSettledRulesLetTheirTextGo looks for the line of each rule in what the collector of garbage keeps.
func TestSettledRulesLetTheirTextGo(t *testing.T) {
	for name, options := range map[string]string{
		"content":     `content:"GET /index"; http_uri; reference:url,example.org; metadata:policy balanced; classtype:misc;`,
		"expression":  `content:"user="; pcre:"/user=[a-z]+/i";`,
		"flowbits":    `content:"abc"; flowbits:set,seen.it;`,
		"flowint":     `content:"abc"; flowint:count,+,1;`,
		"packet test": `flags:S,12; dsize:>20; stream_size:server,<,5;`,
		"threshold":   `content:"abc"; threshold:type limit,track by_src,count 1,seconds 60;`,
	} {
		t.Run(name, func(t *testing.T) {
			set, text := settled(t, `alert tcp any any -> any any (msg:"a name of some length"; `+options+` sid:1; rev:1;)`)
			runtime.GC()
			runtime.GC()
			if text.Value() != nil {
				t.Error("the rule's line is still held")
			}
			if set.Len() != 1 {
				t.Errorf("%d rules", set.Len())
			}
			runtime.KeepAlive(set)
		})
	}
}

// settled is the set of a rule, and the line that it was made of.
func settled(t *testing.T, line string) (*Set, weak.Pointer[byte]) {
	t.Helper()
	r, err := rule.NewParser(rule.Options{}).Rule(strings.Clone(line), "a.rules") // memory of its own: a constant is never let go
	if err != nil {
		t.Fatal(err)
	}
	text := weak.Make(unsafe.StringData(r.Text))
	set, refused := Compile([]*rule.Rule{r}, Options{})
	if len(refused) > 0 {
		t.Fatal(refused[0].Err)
	}
	set.Settle()
	return set, text
}
