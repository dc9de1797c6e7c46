// Command gen makes makers.tsv.zst from the public listings of the IEEE Registration Authority, as Debian's package
// ieee-data has them (IEEE asserts no copyright in them).
package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

func main() {
	if err := run("/usr/share/ieee-data", "makers.tsv.zst"); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(dir, output string) error {
	lines := map[string]string{}
	for _, name := range []string{"oui.csv", "mam.csv", "oui36.csv", "iab.csv"} {
		if err := read(filepath.Join(dir, name), lines); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	var text strings.Builder
	for _, prefix := range slices.Sorted(keys(lines)) {
		fmt.Fprintf(&text, "%s\t%s\n", prefix, lines[prefix])
	}
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		return err
	}
	return os.WriteFile(output, e.EncodeAll([]byte(text.String()), nil), 0o644)
}

func keys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// read takes a listing: registry, assignment, organisation, address. Some files lack the line of headings.
func read(name string, into map[string]string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(row) < 3 || row[1] == "Assignment" {
			continue
		}
		name := strings.Join(strings.Fields(row[2]), " ")
		if name != "" && name != "IEEE Registration Authority" && name != "Private" {
			into[strings.ToLower(row[1])] = name
		}
	}
}
