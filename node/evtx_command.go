package node

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bulwark/detect/logrule"
	"bulwark/wire/evtx"
)

func evtxCommand(t Terminal) *cobra.Command {
	var o evtxOptions
	cmd := &cobra.Command{
		Use:   "evtx FILE|DIRECTORY...",
		Short: "Read event log files of Windows, and ask Sigma rules about them",
		Long: `Read event log files of Windows (.evtx), or the JSON lines that other tools make of them (.json, .jsonl, .ndjson); of a
directory, all below it.

Without a flag it prints how often each event is there. With --rules it asks the Sigma rules below a directory, such as
an unpacked release of SigmaHQ, about each event, and prints those that match, the worst rules first, with what the
event says in the fields that the rule asks about. --json prints events, or with --rules matches, as JSON lines, --csv
matches for a spreadsheet or a timeline. How far it is stands on the error output every few seconds.

What is readable of a damaged file is read; how much is not is said, and the exit code is 3. Rules that cannot be
asked are named with the reason. Correlations are asked about all files together, in the order of time.`,
		Example: `  bulwark evtx Security.evtx
  bulwark evtx /mnt/image/Windows/System32/winevt/Logs --rules sigma/rules --level high
  bulwark evtx host1/ host2/ --rules sigma/rules --csv > timeline.csv
  bulwark evtx Security.evtx --rules sigma/rules --from 2026-03-05T18:00 --to 2026-03-06
  bulwark evtx Security.evtx --json | jq -r 'select(.fields.EventID == "4624") | .fields.TargetUserName'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("evtx needs a file, or a directory of such")
			}
			if o.level != "" && !slices.Contains(logrule.Levels(), o.level) {
				return fmt.Errorf("--level %s: it is none of %s", o.level, strings.Join(logrule.Levels(), ", "))
			}
			if !o.from.IsZero() && !o.to.IsZero() && !o.from.Before(o.to.Time) {
				return errors.New("--from is not before --to")
			}
			if o.csv && (o.json || len(o.rules) == 0) {
				return errors.New("--csv prints matches: it needs --rules, and goes without --json")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"evtx", "json", "jsonl", "ndjson"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error { return readLogs(cmd, t, o, args) },
	}
	cmd.Flags().StringArrayVar(&o.rules, "rules", nil, "ask the Sigma rules below this `directory`; may be given several times")
	cmd.Flags().StringVar(&o.level, "level", "", "print matches of rules of this `level` and worse alone: "+strings.Join(logrule.Levels(), ", "))
	cmd.Flags().Var(&o.from, "from", "leave out events before this time: 2026-03-05, 2026-03-05T09:00 or with a zone; UTC where it names none")
	cmd.Flags().Var(&o.to, "to", "leave out events from this time on")
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON lines")
	cmd.Flags().BoolVar(&o.csv, "csv", false, "print matches as CSV, with a line of names")
	_ = cmd.MarkFlagDirname("rules") // the flag stands above
	return cmd
}

type evtxOptions struct {
	rules []string
	level string
	from  moment
	to    moment
	json  bool
	csv   bool
}

// moment is a time as people type it; its zero value is none.
type moment struct{ time.Time }

// String is the time, or nothing.
func (m *moment) String() string {
	if m.IsZero() {
		return ""
	}
	return m.Format(time.RFC3339)
}

// Type is what help calls it.
func (*moment) Type() string { return "time" }

// Set reads a day, a time of it, or one with a zone.
func (m *moment) Set(text string) (err error) {
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if m.Time, err = time.Parse(form, text); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%q is no time like 2026-03-05 or 2026-03-05T09:00", text)
}

// logReader reads event logs and collects what is to be said of them.
type logReader struct {
	evtxOptions
	out        *json.Encoder
	rules      *logrule.Set
	correlates bool
	counts     map[[2]string]int // by channel and number
	lines      []line
	waiting    []matched // for correlations, which want events in order
	events     atomic.Uint64
	damaged    int // files
}

// matched is an event with the rules that match it.
type matched struct {
	event *logrule.Event
	rules []logrule.Match
}

// hit is a rule that matched an event, as JSON.
type hit struct {
	Time   time.Time     `json:"time"`
	Host   string        `json:"host"`
	File   string        `json:"file"`
	Record uint64        `json:"record"`
	Rule   *logrule.Rule `json:"rule"`
	// Matched is what the event says in the fields that the rule asks about.
	Matched map[string]string `json:"matched,omitempty"`
	Event   shownEvent        `json:"event"`
}

// shownEvent is an event as JSON.
type shownEvent struct {
	Time   time.Time         `json:"time"`
	Host   string            `json:"host"`
	File   string            `json:"file,omitempty"`
	Record uint64            `json:"record"`
	Fields map[string]string `json:"fields"`
}

func readLogs(cmd *cobra.Command, t Terminal, o evtxOptions, args []string) error {
	files, err := logFiles(args)
	if err != nil {
		return &exit{ExitFailure, err}
	}
	w := bufio.NewWriterSize(t.Out, 256<<10)
	l := &logReader{evtxOptions: o, out: json.NewEncoder(w), counts: map[[2]string]int{}}
	if len(o.rules) > 0 {
		if l.rules, err = sigmaRules(o.rules, t.Err); err != nil {
			return &exit{ExitFailure, err}
		}
		l.correlates = l.rules.Correlates()
	}
	for _, name := range files {
		if cmd.Context().Err() != nil {
			return &exit{ExitFailure, errInterrupted}
		}
		stop := tellProgress(t.Err, name, &l.events)
		l.file(name, t.Err)
		stop()
	}
	if err := errors.Join(l.correlate(t.Err), l.finish(w), w.Flush()); err != nil {
		return &exit{ExitFailure, err}
	}
	if l.damaged > 0 {
		return &exit{ExitPartial, fmt.Errorf("%d of %d files were not readable to their end", l.damaged, len(files))}
	}
	return nil
}

// logFiles are the files that are meant: those named, and all below directories that end in .evtx.
func logFiles(args []string) (all []string, err error) {
	for _, arg := range args {
		st, err := os.Stat(arg)
		if err != nil {
			return nil, unwrapPath(err)
		}
		if !st.IsDir() {
			all = append(all, arg)
			continue
		}
		err = filepath.WalkDir(arg, func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && (strings.EqualFold(filepath.Ext(name), ".evtx") || isLines(name)) {
				all = append(all, name)
			}
			return err
		})
		if err != nil {
			return nil, unwrapPath(err)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("there is no event log (.evtx, .json, .jsonl, .ndjson)")
	}
	return all, nil
}

// sigmaRules reads rules, and says which of them cannot be asked.
func sigmaRules(dirs []string, say io.Writer) (*logrule.Set, error) {
	var all []fs.FS
	for _, dir := range dirs {
		all = append(all, os.DirFS(dir))
	}
	s, err := logrule.Load(all...)
	if err != nil {
		return nil, err
	}
	for _, r := range s.Rejected {
		fmt.Fprintf(say, "bulwark: %s\n", printable(r.Why))
	}
	if s.Len() == 0 {
		return nil, fmt.Errorf("there is no Sigma rule that can be asked in %s", strings.Join(dirs, ", "))
	}
	return s, nil
}

// file reads one file, and says what of it could not be read.
func (l *logReader) file(name string, say io.Writer) {
	if err := l.open(name); err != nil {
		l.damaged++
		fmt.Fprintf(say, "bulwark: %s: %s\n", said(name), printable(unwrapPath(err).Error()))
	}
}

// open reads one file. Where the program fails on it the next one has its turn.
func (l *logReader) open(name string) (err error) {
	defer func() {
		if why := recover(); why != nil {
			err = fmt.Errorf("reading it made Bulwark fail, after %d events in all: please report it (%T)", l.events.Load(), why)
		}
	}()
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if isLines(name) {
		return l.lined(name, f)
	}
	return l.log(name, f)
}

// isLines reports whether a file is of JSON lines, by its name.
func isLines(name string) bool {
	return slices.Contains([]string{".json", ".jsonl", ".ndjson"}, strings.ToLower(filepath.Ext(name)))
}

// log reads an event log of Windows.
func (l *logReader) log(name string, f io.Reader) error {
	report, err := evtx.Read(f, func(r *evtx.Record) error { return l.take(name, r.ID, logrule.OfWindows(r)) })
	if err == nil && report.BadRecords+report.BadChunks > 0 {
		err = fmt.Errorf("%d of its chunks begin wrongly, %d records could not be read beside %d that could", report.BadChunks, report.BadRecords, report.Records)
		if report.FirstProblem != nil {
			err = fmt.Errorf("%w (%w)", err, report.FirstProblem)
		}
	}
	return err
}

// longestLine is how long a JSON line may be, bytes.
const longestLine = 16 << 20

// lined reads events that are JSON lines. A line that is none is left out, and said at the end.
func (l *logReader) lined(name string, f io.Reader) error {
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, longestLine)
	var j logrule.JSON
	var first error
	bad, n := 0, 0
	for lines.Scan() {
		n++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		e, err := j.Read(lines.Bytes())
		if err != nil {
			if bad++; first == nil {
				first = fmt.Errorf("line %d: %w", n, err)
			}
			continue
		}
		if err := l.take(name, uint64(n), e); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d lines are no events: %w", bad, n, first)
	}
	return lines.Err()
}

func (l *logReader) take(name string, number uint64, e *logrule.Event) error {
	if !l.from.IsZero() && e.Time.Before(l.from.Time) || !l.to.IsZero() && !e.Time.Before(l.to.Time) {
		return nil
	}
	l.events.Add(1)
	l.counts[[2]string{e.Text("Channel"), e.Text("EventID")}]++
	if l.rules == nil {
		if l.json {
			return l.out.Encode(shown(e, name, number))
		}
		return nil
	}
	all := l.rules.Match(e)
	if len(all) > 0 && l.correlates {
		l.waiting = append(l.waiting, matched{e.Clone(), all})
	}
	for _, m := range all {
		if m.Silent || !l.wanted(m.Rule) {
			continue
		}
		if l.json {
			if err := l.out.Encode(hit{e.Time, e.Host, name, number, m.Rule, l.matched(e, m), shown(e, "", number)}); err != nil {
				return err
			}
			continue
		}
		l.lines = append(l.lines, line{rule: m.Rule, time: e.Time, host: strings.Clone(e.Host), channel: strings.Clone(e.Text("Channel")),
			event: strings.Clone(e.Text("EventID")), record: fmt.Sprint(number), file: name, what: pairsOf(l.matched(e, m))})
	}
	return nil
}

// matched is what an event says in the fields that a rule asks about.
func (l *logReader) matched(e *logrule.Event, m logrule.Match) map[string]string {
	out := map[string]string{}
	for _, name := range l.rules.Asks(m) {
		if v := e.Text(name); v != "" && name != "EventID" && name != "Channel" {
			out[name] = v
		}
	}
	return out
}

// longestShown is how much of a value is shown to people, bytes.
const longestShown = 120

// pairsOf are values with their names, for people.
func pairsOf(all map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		v := all[name]
		if len(v) > longestShown {
			v = strings.ToValidUTF8(v[:longestShown], "") + "…"
		}
		parts = append(parts, name+"="+v)
	}
	return strings.Join(parts, " ")
}

func (l *logReader) wanted(r *logrule.Rule) bool {
	return slices.Index(logrule.Levels(), r.Level) >= slices.Index(logrule.Levels(), l.level)
}

// correlate asks the correlations about all events that rules matched, in the order of their times.
func (l *logReader) correlate(say io.Writer) error {
	if l.rules == nil || !l.correlates {
		return nil
	}
	slices.SortStableFunc(l.waiting, func(a, b matched) int { return a.event.Time.Compare(b.event.Time) })
	c := l.rules.Correlator()
	for _, m := range l.waiting {
		for _, x := range c.Feed(m.event, m.rules) {
			if !l.wanted(x.Rule) {
				continue
			}
			if l.json {
				if err := l.out.Encode(x); err != nil {
					return err
				}
				continue
			}
			l.lines = append(l.lines, line{rule: x.Rule, time: x.Last, host: m.event.Host, what: fmt.Sprintf("%d events within %s: %s", x.Events,
				x.Last.Sub(x.First).Round(time.Second), pairsOf(x.Group))})
		}
	}
	if n := c.Dropped(); n > 0 {
		fmt.Fprintf(say, "bulwark: %d events found no room in the windows of correlations\n", n)
	}
	return nil
}

// line is one for people; a correlation has neither channel nor event, record and file.
type line struct {
	rule                         *logrule.Rule
	time                         time.Time
	host, channel, event, record string
	file, what                   string
}

func shown(e *logrule.Event, file string, record uint64) shownEvent {
	out := shownEvent{e.Time, e.Host, file, record, map[string]string{}}
	for _, name := range e.Fields() {
		out.Fields[name] = e.Text(name)
	}
	return out
}

// finish prints what was collected for people.
func (l *logReader) finish(w io.Writer) error {
	if l.json {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	if l.rules == nil {
		fmt.Fprintln(t, "CHANNEL\tEVENT\tCOUNT")
		keys := slices.SortedFunc(maps.Keys(l.counts), func(a, b [2]string) int {
			return cmp.Or(cmp.Compare(l.counts[b], l.counts[a]), strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1]))
		})
		for _, k := range keys {
			fmt.Fprintf(t, "%s\t%s\t%d\n", printable(k[0]), printable(k[1]), l.counts[k])
		}
		return t.Flush()
	}
	levels := logrule.Levels()
	slices.SortStableFunc(l.lines, func(a, b line) int {
		return cmp.Or(slices.Index(levels, b.rule.Level)-slices.Index(levels, a.rule.Level), strings.Compare(a.rule.Title, b.rule.Title), a.time.Compare(b.time))
	})
	if l.csv {
		return l.table(w)
	}
	if len(l.lines) > 0 {
		fmt.Fprintln(t, "TIME\tLEVEL\tRULE\tCOMPUTER\tCHANNEL\tEVENT\tRECORD\tWHAT")
	}
	for _, x := range l.lines {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", x.time.UTC().Format(time.DateTime), x.rule.Level, printable(x.rule.Title), printable(x.host),
			printable(x.channel), printable(x.event), x.record, printable(x.what))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d events, %d rules, %d matches\n", l.events.Load(), l.rules.Len(), len(l.lines))
	return err
}

// table writes what was collected as CSV.
func (l *logReader) table(w io.Writer) error {
	t := csv.NewWriter(w)
	err := t.Write([]string{"time", "level", "rule", "id", "tags", "computer", "channel", "event", "record", "file", "what"})
	for _, x := range l.lines {
		row := []string{x.time.UTC().Format(time.RFC3339Nano), x.rule.Level, x.rule.Title, x.rule.ID, strings.Join(x.rule.Tags, " "), x.host, x.channel, x.event,
			x.record, x.file, x.what}
		for k, cell := range row {
			row[k] = plainCell(cell)
		}
		err = errors.Join(err, t.Write(row))
	}
	t.Flush()
	return errors.Join(err, t.Error())
}

// plainCell is a value that no spreadsheet takes for a formula.
func plainCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
