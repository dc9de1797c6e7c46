package conformance

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bulwark/event"
	"bulwark/observe/inventory"

	_ "embed" // the labels
)

//go:embed inventory/labels.tsv
var labels string

// label is what a person takes a host of a capture for. Package conformance/inventory tells what its parts are.
type label struct {
	capture, address, class, tier, network string
	held                                   bool
}

// readLabels reads the labels, those of one capture one after the other.
func readLabels(text string) ([]label, error) {
	var all []label
	for n, line := range slices.Collect(strings.Lines(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if n == 0 {
			continue
		}
		if len(f) != 7 {
			return nil, fmt.Errorf("labels.tsv:%d: want 7 columns, there are %d", n+1, len(f))
		}
		all = append(all, label{f[0], f[1], f[2], f[3], f[4], f[5] == "yes"})
	}
	slices.SortStableFunc(all, func(a, b label) int { return cmp.Compare(a.capture, b.capture) })
	return all, nil
}

// classScore counts how devices are classed.
type classScore struct{ labelled, claimed, right, tierErrors int }

func (s *classScore) count(l *label, d *inventory.Device) {
	s.labelled++
	if d == nil {
		return
	}
	if d.Class.Name != "" {
		s.claimed++
	}
	if d.Class.Name == l.class {
		s.right++
	}
	if wrongTier(l, d) {
		s.tierErrors++
	}
}

// wrongTier reports whether a device that care depends on is proposed another tier than it has, or one that care does not
// depend on is proposed as life-critical. Not to know is no error.
func wrongTier(l *label, d *inventory.Device) bool {
	if d.Tier.Proposed == inventory.NotKnown {
		return false
	}
	if l.tier == "-" || l.tier == "3" {
		return d.Tier.Proposed == 0
	}
	return fmt.Sprint(int(d.Tier.Proposed)) != l.tier
}

// runClasses plays captures into an inventory, and compares what it takes devices for with what people do.
func runClasses(ctx context.Context, b *Bench) ([]Case, error) {
	all, err := readLabels(labels)
	if err != nil {
		return nil, err
	}
	var cases []Case
	var open, held classScore
	each := map[string]*classScore{}
	archives := map[string]map[string][]byte{}
	for rest := all; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].capture == rest[0].capture {
			n++
		}
		group := rest[:n]
		rest = rest[n:]
		path, err := b.labelled(group[0].capture, archives)
		if err != nil {
			return nil, err
		}
		book, err := inventoryOf(ctx, path, group)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", group[0].capture, err)
		}
		devices := book.All()
		for i := range group {
			l := &group[i]
			d := deviceAt(devices, l.address)
			if l.held {
				held.count(l, d)
				continue
			}
			open.count(l, d)
			cases = append(cases, Case{Family: "open", Name: l.capture + " " + l.address, Why: whyClass(l, d)})
			tally(each, l, d)
			if b.Report != nil && whyClass(l, d) != "" {
				explain(b.Report, book, l, d)
			}
		}
	}
	if b.Report != nil {
		for _, c := range slices.Sorted(maps.Keys(each)) {
			s := each[c]
			fmt.Fprintf(b.Report, "class %-20s labelled %d claimed %d right %d\n", c, s.labelled, s.claimed, s.right)
		}
	}
	open.print(b.Figures, "")
	held.print(b.Figures, "_held")
	return append(cases, held.blind()...), nil
}

// blind are cases that say how many hosts are as they are labelled, and not which.
func (s *classScore) blind() []Case {
	var cases []Case
	for n := 1; n <= s.labelled; n++ {
		c := Case{Family: "held", Name: fmt.Sprintf("at least %03d of %d hosts are right", n, s.labelled)}
		if n > s.right-s.tierErrors {
			c.Why = "fewer are"
		}
		cases = append(cases, c)
	}
	return cases
}

// tally counts by class.
func tally(each map[string]*classScore, l *label, d *inventory.Device) {
	of := func(class string) *classScore {
		if each[class] == nil {
			each[class] = &classScore{}
		}
		return each[class]
	}
	of(l.class).labelled++
	if d == nil || d.Class.Name == "" {
		return
	}
	of(d.Class.Name).claimed++
	if d.Class.Name == l.class {
		of(l.class).right++
	}
}

func (s *classScore) print(w io.Writer, suffix string) {
	if w == nil {
		return
	}
	fmt.Fprintf(w, "RESULT class_precision%s %.3f share (%d right of %d claimed)\n", suffix, float64(s.right)/float64(max(s.claimed, 1)), s.right, s.claimed)
	fmt.Fprintf(w, "RESULT class_recall%s %.3f share (%d right of %d labelled)\n", suffix, float64(s.right)/float64(max(s.labelled, 1)), s.right, s.labelled)
	fmt.Fprintf(w, "RESULT clinical_tier_errors%s %d devices\n", suffix, s.tierErrors)
}

// whyClass says how a device is not what it is labelled. It is not asked of captures that are held back: rules are not to be
// written from them.
func whyClass(l *label, d *inventory.Device) string {
	switch {
	case d != nil && d.Class.Name == l.class && !wrongTier(l, d):
		return ""
	case d == nil:
		return "there is no device at this address"
	case d.Class.Name == l.class:
		return fmt.Sprintf("tier %d is proposed, it is %s", d.Tier.Proposed, l.tier)
	}
	return fmt.Sprintf("it is a %s, taken for %s", l.class, cmp.Or(d.Class.Name, "unknown"))
}

// explain tells what is known of a device that is taken for another thing than it is.
func explain(w io.Writer, book *inventory.Inventory, l *label, d *inventory.Device) {
	if d == nil {
		fmt.Fprintf(w, "? %s %s: no device\n", l.capture, l.address)
		return
	}
	fmt.Fprintf(w, "? %s %s is %s, taken for %q (%s; rival %s)\n", l.capture, l.address, l.class, d.Class.Name, strings.Join(d.Class.Why, ", "), d.Class.Rival)
	full, err := book.Show(d.ID)
	if err != nil {
		return
	}
	var b bytes.Buffer
	for _, f := range full.Facts {
		fmt.Fprintf(&b, "  %s=%s (%s)", f.Field, f.Value, f.Source)
	}
	fmt.Fprintf(w, "%s  card=%s\n", b.Bytes(), d.Card)
}

// deviceAt is the device that is at an address, or was; nil for none.
func deviceAt(all []inventory.Device, address string) *inventory.Device {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return nil
	}
	var was *inventory.Device
	for i := range all {
		for _, a := range all[i].Addresses {
			if a.Addr != addr {
				continue
			}
			if a.Now {
				return &all[i]
			}
			was = &all[i]
		}
	}
	return was
}

// labelled is where the capture of a label is: in this repository, in the data, or in one of its archives.
func (b *Bench) labelled(name string, archives map[string]map[string][]byte) (string, error) {
	if strings.HasPrefix(name, "content/") {
		return filepath.FromSlash(name), nil
	}
	archive, inside, ok := strings.Cut(name, ":")
	if !ok {
		return b.file(filepath.FromSlash(name)), nil
	}
	if archives[archive] == nil {
		files, err := b.archive(archive)
		if err != nil {
			return "", err
		}
		clear(archives) // one at a time is enough: the labels are in order
		archives[archive] = files
	}
	data, ok := archives[archive][inside]
	if !ok {
		return "", fmt.Errorf("%s is not in %s", inside, archive)
	}
	return b.capture(data)
}

// inventoryOf is the inventory that a capture makes.
func inventoryOf(ctx context.Context, path string, of []label) (*inventory.Inventory, error) {
	var networks []netip.Prefix
	for i := range of {
		if of[i].network == "-" {
			continue
		}
		for n := range strings.SplitSeq(of[i].network, ",") {
			p, err := netip.ParsePrefix(n)
			if err != nil {
				return nil, err
			}
			networks = append(networks, p)
		}
	}
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	book, err := inventory.Offline(networks)
	if err != nil {
		return nil, err
	}
	err = watchBatches(ctx, path, func(_ event.Kind, batch []byte) error { return book.Read(batch) })
	if errors.Is(err, context.Canceled) {
		return nil, err
	}
	return book, nil // what is readable of a damaged capture was read
}
