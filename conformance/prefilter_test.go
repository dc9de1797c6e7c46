package conformance

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"bulwark/detect/signature"
	"bulwark/event"
)

// TestWhatFindsRulesByTheirBytesLosesNone plays captures with rules that are found by their bytes, and again with all rules
// asked each time: both must name the same rules.
func TestWhatFindsRulesByTheirBytesLosesNone(t *testing.T) {
	data := os.Getenv("BULWARK_DATA")
	if data == "" {
		t.Skip("needs outside captures: BULWARK_DATA is not set")
	}
	if testing.Short() {
		t.Skip("takes a minute: run it without -short")
	}
	dir := filepath.Join(data, "sensor")
	rules, err := oracleRules(dir)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("needs the rules of 2019: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	for i := range rules.Files { // whoever asks at each piece of a stream counts more often
		rules.Files[i].Text = regexp.MustCompile(`(threshold|detection_filter):[^;]*;`).ReplaceAll(rules.Files[i].Text, nil)
	}
	rules.Vars = signature.VarsOf(map[string]string{"HOME_NET": "any", "EXTERNAL_NET": "any"})
	quick := eyeOf(t, rules)
	rules.Plain = true
	plain := eyeOf(t, rules)
	b := &Bench{Data: data, Scratch: t.TempDir()}
	small, captures, named := 0, 0, 0
	err = b.captures(func(name string, text []byte) error {
		if len(text) > 64<<10 {
			return nil
		}
		if small++; small%8 != 0 { // many captures are alike, and the slow way takes long
			return nil
		}
		path, err := b.capture(text)
		if err != nil {
			return err
		}
		got, want := sidsOf(t, path, quick), sidsOf(t, path, plain)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got rules %v, want %v", name, got, want)
		}
		captures, named = captures+1, named+len(want)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("needs outside captures: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	if t.Logf("%d captures name %d rules", captures, named); named == 0 {
		t.Error("no rule was named: the captures say nothing")
	}
}

func eyeOf(t *testing.T, rules *signature.Rules) *signature.Eye {
	eye, _, err := rules.Eye()
	if err != nil {
		t.Fatal(err)
	}
	return eye
}

func sidsOf(t *testing.T, path string, eye *signature.Eye) []uint64 {
	sids := map[uint64]bool{}
	err := look(context.Background(), scene{path: path, eye: eye}, func(e *event.Event) error {
		if a, ok := e.Payload.(*event.Alert); ok {
			sids[a.SID] = true
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return slices.Sorted(maps.Keys(sids))
}
