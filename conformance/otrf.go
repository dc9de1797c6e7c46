package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"bulwark/content/attack"
	"bulwark/content/logrules"
	"bulwark/detect/logrule"
	"bulwark/internal/sigmahq"
)

// eachLine reads the events of a file of JSON lines in zstd.
func eachLine(name string, fn func(*logrule.Event)) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20))
	if err != nil {
		return err
	}
	defer z.Close()
	in := bufio.NewReaderSize(z, 1<<20)
	var j logrule.JSON
	for {
		line, err := in.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			e, err := j.Read(line)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			fn(e)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
}

// labelled is a line of otrf-labels.jsonl.
type labelled struct {
	File       string   `json:"file"`
	Techniques []string `json:"techniques"`
}

// runLabelled asks the rules of SigmaHQ and those that come with the program about recorded attacks, each of which is labelled with
// techniques. It is found where a rule of one of these matches; parts count for the whole. Cases are the records.
func runLabelled(_ context.Context, b *Bench) ([]Case, error) {
	active, err := sigmahq.Rules(b.soc("sigma-rules/" + sigmahq.Archive))
	if err != nil {
		return nil, err
	}
	s, err := logrule.Load(active, logrules.Files())
	if err != nil {
		return nil, err
	}
	labels, err := os.ReadFile(b.soc("otrf-labels.jsonl"))
	if err != nil {
		return nil, err
	}
	book := attack.Load()
	var cases []Case
	for line := range bytes.Lines(labels) {
		var l labelled
		if err := json.Unmarshal(line, &l); err != nil {
			return nil, err
		}
		want := wholes(book, l.Techniques)
		if !strings.HasPrefix(l.File, "otrf-windows/") || len(want) == 0 {
			continue
		}
		found, err := techniquesIn(s, book, b.soc(l.File))
		if err != nil {
			return nil, err
		}
		c := Case{Family: "windows", Name: strings.TrimSuffix(filepath.Base(l.File), ".jsonl.zst")}
		if !slices.ContainsFunc(want, func(t string) bool { return slices.Contains(found, t) }) {
			c.Why = "labelled " + strings.Join(want, " ") + ", found " + strings.Join(found, " ")
		}
		cases = append(cases, c)
	}
	return cases, nil
}

// techniquesIn are the techniques of the rules that match events of a file.
func techniquesIn(s *logrule.Set, book *attack.Attack, name string) ([]string, error) {
	var tags []string
	relate := s.Correlator()
	err := eachLine(name, func(e *logrule.Event) {
		all := s.Match(e)
		for _, m := range all {
			if !m.Silent {
				tags = append(tags, m.Rule.Tags...)
			}
		}
		for _, c := range relate.Feed(e, all) {
			tags = append(tags, c.Rule.Tags...)
		}
		slices.Sort(tags)
		tags = slices.Compact(tags)
	})
	var ids []string
	for _, t := range tags {
		ids = append(ids, strings.ToUpper(strings.TrimPrefix(t, "attack.")))
	}
	return wholes(book, ids), err
}

// wholes are the techniques of a list, as ATT&CK has them now, each as a whole. What is no technique that there is, as T0000, is left out.
func wholes(book *attack.Attack, ids []string) (all []string) {
	for _, id := range ids {
		if t := book.Technique(id); attack.Valid(t.ID) && t.Name != "" {
			whole, _, _ := strings.Cut(t.ID, ".")
			all = append(all, whole)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
