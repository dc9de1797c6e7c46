package conformance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// changes are what a network may do to the segments of a connection without a loss.
var changes = []struct {
	name string
	do   func([]segment) []segment
}{
	{"as it is", slices.Clone[[]segment]},
	{"split", split},
	{"turned", turned},
	{"repeated", repeated},
}

// largestCapture is the largest that is played in pieces, in bytes.
const largestCapture = 3 << 20

// runInvariance plays every capture with TCP in it again, cut to pieces of one byte, out of order, and with all of it
// sent twice: what Bulwark tells must stay the same. Captures that lack bytes of a connection are left out: how long
// those are waited for is counted in segments.
func runInvariance(ctx context.Context, b *Bench) ([]Case, error) {
	var cases []Case
	seen := map[[32]byte]bool{}
	err := b.captures(func(name string, data []byte) error {
		if sum := sha256.Sum256(data); seen[sum] || len(data) > largestCapture || !b.wants(filepath.Base(name)) {
			return nil
		} else {
			seen[sum] = true
		}
		found, err := b.invariant(ctx, name, data)
		cases = append(cases, found...)
		return err
	})
	return cases, err
}

func (b *Bench) invariant(ctx context.Context, name string, data []byte) ([]Case, error) {
	all, link, err := segments(data)
	if err != nil || !slices.ContainsFunc(all, func(s segment) bool { return s.whole() }) {
		return nil, nil // no capture, or nothing to change
	}
	var cases []Case
	var plain []string
	for _, change := range changes {
		var buf bytes.Buffer
		if err := appendPCAP(&buf, link, change.do(all)); err != nil {
			return nil, nil // times or sizes that the format does not know
		}
		path, err := b.capture(buf.Bytes())
		if err != nil {
			return nil, err
		}
		events, err := watchEvents(ctx, path)
		if err != nil {
			return nil, fmt.Errorf("playing %s, %s: %w", name, change.name, err)
		}
		if plain == nil {
			if lossy(events) {
				return nil, nil
			}
			plain = steady(events)
			continue
		}
		lost := lossy(events)
		c := Case{Family: change.name, Name: name + " " + change.name, Why: differs(plain, steady(events))}
		if lost && c.Why != "" {
			c.Why = "what comes long after it was acknowledged is waited for by the number of segments: " + c.Why
		}
		cases = append(cases, c)
	}
	return cases, nil
}

// lossy reports whether bytes of a connection are missing.
func lossy(events []record) bool {
	return slices.ContainsFunc(events, func(e record) bool {
		return e["traffic.bytes_missed_out"] != nil || e["traffic.bytes_missed_in"] != nil
	})
}

// steady are the events in what the segments of a connection have no part in, one field a line, in an order of their own.
func steady(events []record) []string {
	told := []string{}
	for _, e := range events {
		if e["kind"] == "stats" || e["kind"] == "anomaly" {
			continue
		}
		maps.DeleteFunc(e, func(k string, _ any) bool { return counted(e["kind"] == "flow", k) })
		lines := []string{fmt.Sprint(e["kind"])}
		for _, k := range slices.Sorted(maps.Keys(e)) {
			lines = append(lines, fmt.Sprintf("%s %v", k, e[k]))
		}
		told = append(told, strings.Join(lines, "\n"))
	}
	slices.Sort(told)
	return told
}

// counted reports whether a field of an event depends on the segments, or on what was told before.
func counted(flow bool, field string) bool {
	if flow && (strings.HasPrefix(field, "traffic.") || field == "connection_info.is_one_sided" ||
		strings.HasPrefix(field, "connection_info.tcp") || field == "connection_info.state") {
		return true
	}
	return slices.Contains([]string{"time", "connection_info.uid", "metadata.sequence", "ftp.control_uid", "response_time", "duration"}, field)
}

// differs names what is told once and not the other time; empty where both are the same.
func differs(want, got []string) string {
	missing, added := without(want, got), without(got, want)
	if len(missing)+len(added) == 0 {
		return ""
	}
	why := fmt.Sprintf("%d not told, %d told instead: ", len(missing), len(added))
	if len(missing) == 0 {
		return why + added[0]
	}
	fields := strings.Split(missing[0], "\n")
	closest := fields
	for _, a := range added {
		left := without(slices.Sorted(slices.Values(fields)), slices.Sorted(strings.SplitSeq(a, "\n")))
		if len(left) < len(closest) && strings.HasPrefix(a, fields[0]+"\n") {
			closest = left
			why = fmt.Sprintf("%d not told, %d told instead, that differ in: %s: ", len(missing), len(added), fields[0])
		}
	}
	return why + strings.Join(closest, " ")
}

// without are the texts of a, sorted, that b, sorted, does not have as often.
func without(a, b []string) []string {
	var left []string
	for _, s := range a {
		for len(b) > 0 && b[0] < s {
			b = b[1:]
		}
		if len(b) > 0 && b[0] == s {
			b = b[1:]
			continue
		}
		left = append(left, s)
	}
	return left
}

// captures calls fn with every capture of the sensor's data, by the names of folders and files.
func (b *Bench) captures(fn func(name string, data []byte) error) error {
	for _, archive := range []string{"ndpi.tar.zst", "suricata-verify.tar.zst"} {
		files, err := b.archive(archive)
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if isCapture(name) {
				if err := fn(name, files[name]); err != nil {
					return err
				}
			}
		}
	}
	return filepath.WalkDir(b.file(), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isCapture(path) {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(b.file(), path)
		if err != nil {
			return err
		}
		return fn(name, data)
	})
}

func isCapture(name string) bool {
	return slices.Contains([]string{".pcap", ".pcapng", ".cap", ".trace"}, strings.ToLower(filepath.Ext(name)))
}
