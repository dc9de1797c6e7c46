package witness

import (
	"testing"

	"bulwark/detect/logrule/internal/sigma"
)

func TestWitnesses(t *testing.T) {
	tests := []struct {
		name, detection string
		possible        bool
	}{
		{"a text", "{x: {a: cmd}, condition: x}", true},
		{"an end, and more inside", "{x: {a|endswith: '.exe', b|contains|all: [one, two]}, condition: x}", true},
		{"a begin and an end", "{x: {a|startswith: 'C:'}, y: {a|endswith: '.exe'}, condition: x and y}", true},
		{"what must not be there", "{x: {a|contains: cmd}, y: {a|contains: 'zz'}, z: {b: null}, condition: x and not y and not z}", true},
		{"one of many", "{x1: {a: '1', b: '2'}, x2: {a: '1'}, y: {b: '2'}, condition: 1 of x* and not y}", true},
		{"an expression", `{x: {a|re: '^[a-f0-9]{8}\.(exe|dll)$'}, condition: x}`, true},
		{"a network", "{x: {a|cidr: 10.1.0.0/16}, y: {a|cidr: 10.1.0.0/31}, condition: x and not y}", true},
		{"a number", "{x: {a|gt: 5, a|lt: 7}, condition: x}", true},
		{"fields that are alike", "{x: {a|fieldref: b, a|contains: z}, condition: x}", true},
		{"fields that are not", "{x: {a|contains: z}, y: {a|fieldref: b}, z: [{a: null}, {b: null}], condition: x and not y and not z}", true},
		{"anything anywhere", "{x: [evil, worse], y: [good], condition: x and not y}", true},
		{"what contradicts itself", "{x: {a: one}, y: {a: two}, condition: x and y}", false},
		{"and its own negation", "{x: {a|contains: one}, condition: x and not x}", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all, err := sigma.Read([]byte("title: t\nlogsource: {product: windows}\ndetection: "+tt.detection+"\n"), "r.yml", sigma.Options{})
			if err != nil {
				t.Fatal(err)
			}
			n := all[0].Rule.Condition
			l, ok := Of(n, Log{"kept": "Here"})
			if ok != tt.possible || ok && (!n.Holds(l) || l["kept"] != "Here") {
				t.Fatalf("got %q, %v, want one: %v", l, ok, tt.possible)
			}
			if !ok {
				return
			}
			near, ok := Near(n, l, Log{"kept": ""})
			if !ok || n.Holds(near) || near["kept"] != "Here" {
				t.Errorf("near %q: got %q, %v", l, near, ok)
			}
		})
	}
}
