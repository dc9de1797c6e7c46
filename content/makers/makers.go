// Package makers knows who made a network card: the listings of the IEEE Registration Authority (MA-L, MA-M, MA-S, IAB).
package makers

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/klauspost/compress/zstd"
)

//go:generate go run ./gen

//go:embed makers.tsv.zst
var listing []byte

// Makers looks makers up. Make it with [Load].
type Makers struct {
	names map[string]string // by the first 6, 7 or 9 hexadecimal digits of an address
}

// Load reads the listing.
func Load() (*Makers, error) {
	d, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	text, err := d.DecodeAll(listing, nil)
	if err != nil {
		return nil, fmt.Errorf("makers: reading the listing: %w", err)
	}
	m := &Makers{names: make(map[string]string, 50_000)}
	for line := range strings.Lines(string(text)) {
		prefix, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		m.names[prefix] = name
	}
	return m, nil
}

// Of is who made the card with a link address in the form 00:11:22:aa:bb:cc; empty when nobody knows, as of addresses
// that were made up.
func (m *Makers) Of(mac string) string {
	if len(mac) != 17 {
		return ""
	}
	digits := make([]byte, 0, 12)
	for i := range len(mac) {
		if c := mac[i]; c != ':' {
			digits = append(digits, c)
		}
	}
	for _, n := range [...]int{9, 7, 6} {
		if n <= len(digits) {
			if name := m.names[string(digits[:n])]; name != "" {
				return name
			}
		}
	}
	return ""
}
