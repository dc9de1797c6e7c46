package main

import (
	"context"
	"os"
	"strconv"
	"testing"
)

// TestMain lets the test binary be the child.
func TestMain(m *testing.M) {
	if n := os.Getenv("BULWARK_CRASH_CHILD"); n != "" {
		generation, _ := strconv.Atoi(n)
		if err := child(context.Background(), os.Getenv("BULWARK_CRASH_DIR"), generation, 5000, os.Stdout); err != nil {
			println(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestWhatWasAcknowledgedSurvivesAKillOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for seconds")
	}
	dir := t.TempDir()
	t.Setenv("BULWARK_CRASH_DIR", dir)
	p := parent{dir: dir, rate: 5000, seed: 1, command: []string{os.Args[0]}, log: t.Output()}
	r, err := p.torture(t.Context(), 5)
	if err != nil {
		t.Fatal(err)
	}
	if r.acknowledged == 0 || r.lost != 0 || r.duplicated != 0 {
		t.Errorf("got %+v, want some acknowledged, 0 lost, 0 duplicated", r)
	}
}
