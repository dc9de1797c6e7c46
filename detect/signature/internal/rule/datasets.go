package rule

import (
	"slices"
	"strconv"
	"strings"
)

var datasetTypes = map[string]bool{"string": true, "md5": true, "sha256": true, "ipv4": true, "ip": true}

// dataset reads COMMAND,NAME[,OPTION VALUE...].
func (b *builder) dataset(v value) error {
	if b.sticky == nil {
		return faultf(b.at, "dataset has no buffer before it")
	}
	parts := v.split(',', -1)
	d := &Dataset{Command: parts[0].text}
	switch d.Command {
	case "isset", "isnotset", "set", "unset":
	default:
		return faultf(v.at, "dataset does set, unset, isset or isnotset, not %q", cutWord(d.Command))
	}
	if len(parts) < 2 || parts[1].text == "" || len(parts[1].text) > 63 {
		return faultf(v.at, "dataset needs a name of up to 63 bytes")
	}
	d.Name = parts[1].text
	if err := b.datasetOptions(d, parts[2:]); err != nil {
		return err
	}
	if d.State != "" && (d.Load != "" || d.Save != "") {
		return faultf(v.at, "dataset: state cannot be mixed with load or save")
	}
	if err := b.datasetFiles(d, v.at); err != nil {
		return err
	}
	if (d.Load != "" || d.Save != "" || d.State != "") && d.Type == "" {
		return faultf(v.at, "dataset: a file needs a type")
	}
	g := b.here()
	g.Tests = append(g.Tests, d)
	return nil
}

// datasetFiles checks that files are within the folder of the rules; from elsewhere they may be loaded, by their whole path.
func (b *builder) datasetFiles(d *Dataset, at int) error {
	for i, path := range []string{d.Load, d.Save, d.State} {
		absolute := strings.HasPrefix(path, "/")
		switch {
		case absolute && b.parser.o.AbsolutePaths:
		case absolute && i > 0:
			return faultf(at, "dataset: %q is not within the folder of the rules", cutWord(path))
		case slices.Contains(strings.Split(path, "/"), ".."):
			return faultf(at, "dataset: %q leads out of the folder of the rules", cutWord(path))
		}
	}
	return nil
}

// datarep reads NAME,COMPARISON,NUMBER[,OPTION VALUE...].
func (b *builder) datarep(v value) error {
	if b.sticky == nil {
		return faultf(b.at, "datarep has no buffer before it")
	}
	parts := v.split(',', -1)
	if len(parts) < 3 || parts[0].text == "" {
		return faultf(v.at, "datarep is a name, a comparison and a number")
	}
	if parts[1].text != "<" && parts[1].text != ">" && parts[1].text != "==" {
		return faultf(parts[1].at, "datarep compares by <, > or ==, not by %q", cutWord(parts[1].text))
	}
	n, err := b.number(value{text: strings.Replace(parts[1].text, "==", "=", 1) + parts[2].text, at: parts[2].at}, 16, nil)
	if err != nil {
		return err
	}
	d := &Dataset{Name: parts[0].text, Rep: &n}
	if err := b.datasetOptions(d, parts[3:]); err != nil {
		return err
	}
	g := b.here()
	g.Tests = append(g.Tests, d)
	return nil
}

// datasetOptions reads OPTION VALUE pairs.
func (b *builder) datasetOptions(d *Dataset, parts []value) error {
	for _, p := range parts {
		name, rest, ok := strings.Cut(p.text, " ")
		rest = strings.TrimSpace(rest)
		if p.text == "remove_key" {
			ok, rest = true, "yes"
		}
		if !ok || rest == "" {
			return faultf(p.at, "%s: an option and its value are wanted, not %q", b.option, cutWord(p.text))
		}
		if err := b.datasetOption(d, name, value{text: rest, at: p.at + len(name) + 1}); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) datasetOption(d *Dataset, name string, v value) error {
	var ok bool
	switch name {
	case "type":
		d.Type = v.text
		if !datasetTypes[v.text] {
			return faultf(v.at, "%s knows no type %q (string, md5, sha256, ipv4, ip)", b.option, cutWord(v.text))
		}
	case "load":
		d.Load = v.text
	case "save":
		d.Save = v.text
	case "state":
		d.State = v.text
	case "memcap":
		if d.Memory, ok = scale(v.text, 63); !ok {
			return faultf(v.at, "%s: %q is no size", b.option, cutWord(v.text))
		}
	case "hashsize":
		if d.HashSize, ok = scale(v.text, 32); !ok {
			return faultf(v.at, "%s: %q is no size", b.option, cutWord(v.text))
		}
	case "format", "value_key", "context_key", "array_key", "match", "remove_key":
		d.Pairs = append(d.Pairs, Pair{name, v.text})
	default:
		return faultf(v.at, "%s knows no option %q", b.option, cutWord(name))
	}
	return nil
}

// entropy reads [bytes N,] [offset N,] value COMPARISON.
func (b *builder) entropy(v value) error {
	e := &Entropy{}
	given := false
	for _, p := range v.split(',', -1) {
		words := p.words()
		if len(words) < 2 {
			return faultf(p.at, "entropy: a name and a value are wanted, not %q", cutWord(p.text))
		}
		rest := p.skip(len(words[0].text))
		var n Amount
		var err error
		switch words[0].text {
		case "bytes":
			n, err = b.amount(rest, 0, 1<<31-1)
			e.Count = n.N
		case "offset":
			n, err = b.amount(rest, 0, 1<<31-1)
			e.Offset = n.N
		case "value":
			given = true
			err = b.entropyValue(e, rest)
		default:
			err = faultf(p.at, "entropy knows no %q", cutWord(words[0].text))
		}
		if err != nil {
			return err
		}
	}
	if !given {
		return faultf(v.at, "entropy needs a value")
	}
	g := b.here()
	g.Tests = append(g.Tests, e)
	return nil
}

// entropyValue reads [COMPARISON] NUMBER, or a range.
func (b *builder) entropyValue(e *Entropy, v value) error {
	w := v
	for _, c := range comparisons {
		if strings.HasPrefix(w.text, c.text) {
			e.Op, w = c.op, w.skip(len(c.text))
			break
		}
	}
	first, last, isRange := strings.Cut(w.text, "-")
	var errA, errB error
	e.Value, errA = strconv.ParseFloat(strings.TrimSpace(first), 64)
	if isRange {
		e.Op = Between
		e.Upper, errB = strconv.ParseFloat(strings.TrimSpace(last), 64)
	}
	if errA != nil || errB != nil || e.Value < 0 || e.Value > 8 || e.Upper > 8 || e.Upper < 0 {
		return faultf(v.at, "entropy: %q is no number of 0 to 8", cutWord(v.text))
	}
	return nil
}
