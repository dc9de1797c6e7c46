package conformance

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bulwark/content/logrules"
	"bulwark/detect/logrule"
	"bulwark/event"
	"bulwark/internal/sigmahq"
	logparse "bulwark/observe/logs/parse"
)

// rightly are the grave findings that are true although the logs are called benign: they are of machines on the internet, and people
// guessed passwords there. By the file, and the rule.
var rightly = map[string][]string{}

// runBenign asks the rules of SigmaHQ and those that come with the program about logs of machines at work. Cases are files, each of which
// passes where nothing false of high or critical severity is found; docs/measurements.md says what is found.
func runBenign(_ context.Context, b *Bench) ([]Case, error) {
	active, err := sigmahq.Rules(b.soc("sigma-rules/" + sigmahq.Archive))
	if err != nil {
		return nil, err
	}
	s, err := logrule.Load(active, logrules.Files())
	if err != nil {
		return nil, err
	}
	formats, err := logparse.Load()
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(b.soc("benign-logs/*.log"))
	if err != nil || len(files) == 0 {
		return nil, &Skip{"there are no benign logs"}
	}
	var cases []Case
	grave := 0
	for _, name := range files {
		told, err := findingsIn(s, formats.Reader(), name)
		if err != nil {
			return nil, err
		}
		c := Case{Family: "logs", Name: filepath.Base(name)}
		for _, f := range slices.SortedFunc(maps.Keys(told), func(x, y suspicion) int { return strings.Compare(x.String(), y.String()) }) {
			if (f.level == "high" || f.level == "critical") && !slices.Contains(rightly[c.Name], f.rule) {
				grave++
				c.Why = strings.TrimSpace(c.Why + " " + f.String() + ";")
			}
			if b.Report != nil {
				fmt.Fprintf(b.Report, "benign %s: %s, %d times\n", c.Name, f, told[f])
			}
		}
		cases = append(cases, c)
	}
	fmt.Fprintf(b.figures(), "RESULT benign_high %d findings\n", grave)
	return cases, nil
}

// suspicion is what a rule says of whom: what of it becomes one finding.
type suspicion struct{ level, title, rule, who string }

func (s suspicion) String() string { return s.level + ": " + s.title + " (" + s.rule + ") of " + s.who }

// findingsIn are the findings in the lines of a log, and how often each was told.
func findingsIn(s *logrule.Set, formats *logparse.Reader, name string) (map[suspicion]int, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	told := map[suspicion]int{}
	var live logrule.Live
	relate := s.Correlator()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var log event.Log
		var h event.Header
		formats.Understand(lines.Bytes(), logparse.Hint{Received: received}, &h, &log)
		e := live.Read(&event.Event{Header: h, Payload: &log})
		all := s.Match(e)
		of := func(r *logrule.Rule) {
			told[suspicion{r.Level, r.Title, r.ID, who(&h, &log)}]++
		}
		for _, m := range all {
			if !m.Silent {
				of(m.Rule)
			}
		}
		for _, c := range relate.Feed(e, all) {
			of(c.Rule)
		}
	}
	return told, lines.Err()
}

// who is whom a line of a log is about.
func who(h *event.Header, log *event.Log) string {
	if h.Src.IsValid() {
		return h.Src.Unmap().String()
	}
	return cmp.Or(log.Host, log.User, "nobody")
}
