package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	slashed "path"
	"slices"
	"strings"

	"bulwark/internal/sigmahq"
	"bulwark/wire/evtx"
)

// runEVTX compares what we read of event logs with what SigmaHQ states for them, and reads samples to their end. The statements
// leave blanks at the ends of texts out; so does the comparison.
func runEVTX(_ context.Context, b *Bench) ([]Case, error) {
	pairs, err := sigmahq.Unpacked(b.soc("sigma-regression/regression_data.tar.zst"))
	if err != nil {
		return nil, err
	}
	samples, err := sigmahq.Unpacked(b.soc("evtx-attack/EVTX-ATTACK-SAMPLES.evtx.tar.zst"))
	if err != nil {
		return nil, err
	}
	var cases []Case
	good := 0
	for name, f := range pairs {
		if slashed.Ext(name) != ".evtx" {
			continue
		}
		c := Case{Family: "pairs", Name: strings.TrimSuffix(slashed.Base(name), ".evtx")}
		c.Why = comparePair(f.Data, pairs[strings.TrimSuffix(name, ".evtx")+".json"].Data)
		if c.Passed() {
			good++
		}
		cases = append(cases, c)
	}
	fmt.Fprintf(b.figures(), "RESULT evtx_pairs %d/%d share\n", good, len(cases))
	for name, f := range samples {
		if slashed.Ext(name) != ".evtx" {
			continue
		}
		c := Case{Family: "samples", Name: strings.Join(strings.Fields(name), " ")}
		report, err := evtx.Read(bytes.NewReader(f.Data), func(*evtx.Record) error { return nil })
		switch {
		case err != nil:
			c.Why = err.Error()
		case report.BadRecords+report.BadChunks > 0:
			c.Why = fmt.Sprintf("%d records and %d chunks could not be read", report.BadRecords, report.BadChunks)
		}
		cases = append(cases, c)
	}
	slices.SortFunc(cases, func(a, b Case) int { return strings.Compare(a.Family+a.Name, b.Family+b.Name) })
	return cases, nil
}

// comparePair says how what we read of a log differs from what is stated; empty: it does not.
func comparePair(log, stated []byte) string {
	var got []any
	if _, err := evtx.Read(bytes.NewReader(log), func(r *evtx.Record) error {
		got = append(got, map[string]any{r.Root.Name: asStated(r.Root)})
		return nil
	}); err != nil {
		return err.Error()
	}
	var want []any
	d := json.NewDecoder(bytes.NewReader(stated))
	d.UseNumber()
	for {
		var v any
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return "the statement cannot be read: " + err.Error()
		}
		if list, ok := v.([]any); ok {
			want = append(want, list...)
		} else {
			want = append(want, v)
		}
	}
	g, errG := json.Marshal(got)
	w, errW := json.Marshal(want)
	switch {
	case errG != nil || errW != nil:
		return "it cannot be told as JSON"
	case !bytes.Equal(g, w):
		at := 0
		for at < min(len(g), len(w)) && g[at] == w[at] {
			at++
		}
		return fmt.Sprintf("byte %d of what is read is not what is stated", at)
	}
	return ""
}

// asStated is an element in the form of the statements: attributes below #attributes, data by the names that they have.
func asStated(e *evtx.Element) any {
	out := map[string]any{}
	for _, a := range e.Attributes {
		if out["#attributes"] == nil {
			out["#attributes"] = map[string]any{}
		}
		out["#attributes"].(map[string]any)[a.Name] = valueAsStated(a.Value)
	}
	switch {
	case len(e.Children)+len(out) == 0 && len(e.Values) == 0:
		return nil
	case len(e.Children)+len(out) == 0 && len(e.Values) == 1:
		return valueAsStated(e.Values[0])
	case len(e.Children)+len(out) == 0:
		return e.Text()
	case len(e.Values) > 0:
		out["#text"] = valueAsStated(e.Values[0])
	}
	for _, c := range e.Children {
		name, v := c.Name, any(nil)
		if c.Name == "Data" && len(c.Attributes) > 0 {
			name = c.Attributes[0].Value.Text
			v = asStated(&evtx.Element{Values: c.Values})
			if v == nil {
				v = ""
			}
		} else {
			v = asStated(c)
		}
		key := name
		for k := 1; ; k++ {
			if _, taken := out[key]; !taken {
				break
			}
			key = fmt.Sprintf("%s_%d", name, k)
		}
		out[key] = v
	}
	return out
}

func valueAsStated(v evtx.Value) any {
	switch {
	case v.Array():
		all := []any{}
		for _, text := range v.List {
			all = append(all, text)
		}
		return all
	case v.Type == evtx.Null:
		return nil
	case v.Number():
		return json.Number(v.Text)
	case v.Type == evtx.Bool:
		return v.Text == "true"
	}
	return strings.TrimSpace(v.Text)
}
