package signature

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"bulwark/detect/signature/internal/engine"
	"bulwark/detect/signature/internal/rule"
)

func TestMemoryOfRulesIsBounded(t *testing.T) {
	full := crowded(8 << 20)
	if full() {
		t.Error("before anything is made: got no room, want some")
	}
	much := make([]byte, 64<<20)
	runtime.GC()
	if !full() {
		t.Error("after 64 MiB of 8: got room, want none")
	}
	runtime.KeepAlive(much)
}

func TestRulesWithoutRoomAreRefusedInOnePiece(t *testing.T) {
	const text = `alert tcp any any -> any any (content:"abcd"; sid:1;)`
	never := func() bool { return true }
	m := &made{all: &rule.Set{}}
	err := m.read((&Rules{}).parser(), &File{Name: "a.rules", Text: []byte(text)}, never)
	if !errors.Is(err, ErrMemory) || !strings.Contains(err.Error(), "1024 MiB") {
		t.Errorf("reading: got %v, want %v with the bound", err, ErrMemory)
	}
	if err := m.read((&Rules{}).parser(), &File{Name: "a.rules", Text: []byte(text)}, func() bool { return false }); err != nil {
		t.Fatal(err)
	}
	if set, _ := engine.Compile(m.all.Rules, engine.Options{Full: never}); set != nil {
		t.Errorf("compiling: got %d rules, want no set", set.Len())
	}
}
