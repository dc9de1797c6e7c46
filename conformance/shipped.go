package conformance

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bulwark/conformance/acts"
	"bulwark/content/demo"
	"bulwark/content/rules"
	"bulwark/detect/signature"
	"bulwark/event"
)

// runShipped plays the acts of the shipped rules: in the one the rule must fire, and no other that the act does not name;
// in its look-alike none may.
func runShipped(ctx context.Context, b *Bench) ([]Case, error) {
	r, sids := &signature.Rules{}, map[uint32]bool{}
	var err error
	if r.Files, err = ruleFilesOf(rules.Files(), sids); err != nil {
		return nil, err
	}
	known, err := ruleFilesOf(rules.Known(), sids)
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, x := range acts.Cases() {
		if !b.wants(x.Family) {
			continue
		}
		delete(sids, x.SID)
		here := &signature.Rules{Vars: signature.VarsOf(x.Vars), Files: r.Files}
		if x.Known {
			here.Files = slices.Concat(r.Files, known)
			for list, names := range acts.Names() {
				here.Files = append(here.Files, signature.KnownList(list, names))
			}
		}
		want := append([]uint32{x.SID}, x.Also...)
		for _, part := range []struct {
			name string
			act  acts.Act
			want []uint32
		}{{"fires: " + x.What, x.Fires, want}, {"silent: " + x.Not, x.Silent, nil}} {
			got, err := b.playAct(ctx, part.act, here)
			if err != nil {
				return nil, fmt.Errorf("%d %s: %w", x.SID, part.name, err)
			}
			cases = append(cases, Case{Family: x.Family, Name: fmt.Sprintf("%d %s", x.SID, part.name), Why: judgeAct(got, part.want)})
		}
	}
	if b.Family == "" || b.Family == "demo" {
		more, err := b.playDemo(ctx, r)
		if err != nil {
			return nil, err
		}
		cases = append(cases, more...)
	}
	for _, sid := range slices.Sorted(maps.Keys(sids)) {
		if b.Family == "" {
			cases = append(cases, Case{Family: "without", Name: fmt.Sprint(sid), Why: "the rule has no case"})
		}
	}
	return cases, nil
}

// judgeAct says what is wrong with how often rules fired, where the wanted ones must, and no other.
func judgeAct(got map[uint32]int, want []uint32) string {
	for _, sid := range want {
		if got[sid] == 0 {
			return fmt.Sprintf("%d does not fire; those that do: %v", sid, got)
		}
	}
	for _, sid := range slices.Sorted(maps.Keys(got)) {
		if !slices.Contains(want, sid) {
			return fmt.Sprintf("%d fires %d times", sid, got[sid])
		}
	}
	return ""
}

// playDemo plays the bundled demo: its attacker must be found, and nobody who works there.
func (b *Bench) playDemo(ctx context.Context, r *signature.Rules) ([]Case, error) {
	eye, err := fresh(r)
	if err != nil {
		return nil, err
	}
	path, err := b.capture(demo.Capture())
	if err != nil {
		return nil, err
	}
	attacker, others := map[uint32]int{}, map[string]int{}
	intruder := netip.MustParseAddr(acts.Intruder)
	err = look(ctx, scene{path: path, eye: eye}, func(e *event.Event) error {
		a, ok := e.Payload.(*event.Alert)
		switch {
		case !ok:
		case e.Src == intruder || e.Dst == intruder:
			attacker[uint32(a.SID)]++
		default:
			others[fmt.Sprintf("%d of %v to %v", a.SID, e.Src, e.Dst)]++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	quiet := Case{Family: "demo", Name: "demo: nobody who works there is told of"}
	if len(others) > 0 {
		quiet.Why = fmt.Sprint(others)
	}
	return []Case{quiet, {Family: "demo", Name: "demo: the attacker is told of, by the rules that fit", Why: judgeAct(attacker, acts.Demo())}}, nil
}

// playAct is how often each rule fires in an act.
func (b *Bench) playAct(ctx context.Context, act acts.Act, r *signature.Rules) (map[uint32]int, error) {
	eye, err := fresh(r)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(b.Scratch, "act.pcap")
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var s acts.Scene
	act(&s)
	if err := s.Write(f); err != nil {
		return nil, err
	}
	got := map[uint32]int{}
	err = look(ctx, scene{path: path, eye: eye}, func(e *event.Event) error {
		if a, ok := e.Payload.(*event.Alert); ok {
			got[uint32(a.SID)]++
		}
		return nil
	})
	return got, err
}

// fresh looks for the rules and remembers nothing yet.
func fresh(r *signature.Rules) (*signature.Eye, error) {
	eye, rejected, err := r.Eye()
	if err == nil && len(rejected) > 0 {
		err = fmt.Errorf("%s: %s", rejected[0].Place, rejected[0].Reason)
	}
	return eye, err
}

// ruleFilesOf are the rules of a folder, with their classes and lists; to sids their numbers are added, but for those that only
// set what others ask for.
func ruleFilesOf(dir fs.FS, sids map[uint32]bool) ([]signature.File, error) {
	var files []signature.File
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(dir, name)
		if strings.HasSuffix(name, ".rules") {
			for line := range strings.Lines(string(text)) {
				if sid := sidOf(line); sid != 0 && !strings.Contains(line, "noalert;") {
					sids[sid] = true
				}
			}
		}
		files = append(files, signature.File{Name: name, Text: text, Data: strings.HasSuffix(name, ".ndjson")})
		return err
	})
	slices.SortFunc(files, func(a, b signature.File) int { return strings.Compare(a.Name, b.Name) })
	return files, err
}

// sidOf is the number of the rule in a line; 0: there is none.
func sidOf(line string) (sid uint32) {
	if !strings.HasPrefix(line, "alert ") {
		return 0
	}
	_, rest, _ := strings.Cut(line, "sid:")
	fmt.Sscanf(rest, "%d;", &sid) //nolint:errcheck // none is 0
	return sid
}
