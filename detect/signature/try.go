package signature

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bulwark/detect/signature/internal/rule"
	"bulwark/event"
	"bulwark/platform/web"
)

// Limits of a trial.
const (
	maxTrial      = 64 << 20 // bytes of what is sent
	maxTrialRules = 1 << 20  // bytes
	maxTrialQuery = 64 << 10
	trialTime     = time.Minute
	uploadTime    = 5 * time.Minute // for what is sent
	maxPlaces     = 20              // of a rule that fired
	maxExplained  = 20              // rules
	maxFiredIDs   = 10_000
)

// ErrTrial means that a trial cannot be made of what was sent.
var ErrTrial = errors.New("signature: no trial")

// Trial is what rules would do.
type Trial struct {
	Rules    int              `json:"rules"`
	Rejected []TrialFault     `json:"rejected"`
	Explain  []TrialExplained `json:"explain"`
	Fires    []TrialFire      `json:"fires"`
	Silent   []string         `json:"silent"`
	Packets  uint64           `json:"packets"`
	Bytes    uint64           `json:"bytes"`
	Events   uint64           `json:"events"`
	TookMS   int64            `json:"took_ms"`
	Stopped  string           `json:"stopped"`          // time or size: the capture was not read to its end
	Reason   string           `json:"reason,omitempty"` // why the capture could not be read to its end
	Played   bool             `json:"played"`           // there was a capture
}

// TrialFault is a rule that cannot be used.
type TrialFault struct {
	Place  string `json:"place"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	SID    uint32 `json:"sid"`
	Reason string `json:"reason"`
}

// TrialExplained is a rule in plain words.
type TrialExplained struct {
	ID string `json:"id"`
	Explained
}

// TrialFire is a rule that fired.
type TrialFire struct {
	ID       string       `json:"id"`
	Title    string       `json:"title"`
	Count    int          `json:"count"`
	Severity string       `json:"severity"`
	First    []TrialPlace `json:"first"`
}

// TrialPlace is where it fired.
type TrialPlace struct {
	Time     time.Time `json:"time"`
	Src      string    `json:"src"`
	SrcPort  uint16    `json:"src_port"`
	Dst      string    `json:"dst"`
	DstPort  uint16    `json:"dst_port"`
	Protocol string    `json:"protocol"`
	App      string    `json:"app"`
	Packet   uint64    `json:"packet,omitempty"`
}

// trialName is what the text of a trial is called where its faults are told.
const trialName = "rules"

// sent is what somebody sends for a trial.
type sent struct {
	rules   string
	capture *os.File // without a name in a folder that anyone may read; nil: none
	stretch *Stretch
	inForce bool
	cut     bool // the capture is not whole
}

func (s *sent) close() {
	if s.capture != nil {
		s.capture.Close()
		_ = os.Remove(s.capture.Name()) // it is in a folder of our own
	}
}

func (d *Doors) try(w http.ResponseWriter, r *http.Request) {
	select {
	case d.b.trying <- struct{}{}:
		defer func() { <-d.b.trying }()
	default:
		web.Refuse(w, r, http.StatusConflict, "rules.busy")
		return
	}
	mayTake(w, uploadTime+2*trialTime)
	s, err := d.b.receive(r)
	if s != nil {
		defer s.close()
	}
	if err == nil && s.stretch != nil {
		err = d.b.cutOut(r, s)
	}
	var t Trial
	if err == nil {
		t, err = d.b.try(r.Context(), s)
	}
	d.answer(w, r, t, err)
}

// receive reads the parts of a trial. The caller closes what it returns, also with an error.
func (b *Rulebook) receive(r *http.Request) (*sent, error) {
	in, err := r.MultipartReader()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTrial, err)
	}
	s := &sent{}
	for {
		part, err := in.NextPart()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err == nil {
			err = b.receivePart(s, part)
		}
		if err != nil {
			return s, fmt.Errorf("%w: %w", ErrTrial, err)
		}
	}
}

func (b *Rulebook) receivePart(s *sent, part *multipart.Part) (err error) {
	switch part.FormName() {
	case "rules":
		s.rules, err = readPart(part, maxTrialRules)
	case "with":
		var text string
		text, err = readPart(part, 100)
		s.inForce = text == "in-force"
	case "query":
		var text string
		if text, err = readPart(part, maxTrialQuery); err == nil && strings.TrimSpace(text) != "" {
			s.stretch = &Stretch{}
			err = json.Unmarshal([]byte(text), s.stretch)
		}
	case "capture":
		if s.capture != nil {
			return errors.New("there are two captures")
		}
		if s.capture, err = b.scratch(part.FileName()); err == nil {
			_, err = io.Copy(s.capture, part)
		}
	default:
		return fmt.Errorf("there is no part %q", part.FormName())
	}
	return err
}

func readPart(r io.Reader, limit int64) (string, error) {
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("the text is longer than %d bytes", limit)
	}
	return string(text), err
}

// scratch makes a file for a capture, whose name ends as the sent one's.
func (b *Rulebook) scratch(name string) (*os.File, error) {
	dir := b.path("try")
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	ending := ".pcap"
	for _, e := range []string{".gz", ".zst"} {
		if strings.HasSuffix(strings.ToLower(name), e) {
			ending += e
		}
	}
	return os.CreateTemp(dir, "capture-*"+ending)
}

// cutOut writes the stretch of the packets that are kept into a file.
func (b *Rulebook) cutOut(r *http.Request, s *sent) (err error) {
	switch {
	case s.capture != nil:
		return fmt.Errorf("%w: a capture and a stretch of the packets that are kept were sent: one of them", ErrTrial)
	case b.Packets == nil:
		return fmt.Errorf("%w: no packets are kept here", ErrTrial)
	case strings.TrimSpace(s.stretch.Reason) == "":
		return fmt.Errorf("%w: packets are opened for a reason: name it", ErrTrial)
	}
	if s.capture, err = b.scratch(""); err != nil {
		return err
	}
	out := &room{w: s.capture, left: maxTrial}
	if err = b.Packets(r, *s.stretch, out); err != nil && !out.full {
		return fmt.Errorf("%w: %w", ErrTrial, err)
	}
	s.cut = out.full
	return nil
}

// room takes so many bytes.
type room struct {
	w    io.Writer
	left int
	full bool
}

var errFull = errors.New("signature: the stretch is too long")

func (r *room) Write(p []byte) (int, error) {
	if len(p) > r.left {
		r.full = true
		return 0, errFull
	}
	r.left -= len(p)
	return r.w.Write(p)
}

// try makes the trial.
func (b *Rulebook) try(ctx context.Context, s *sent) (Trial, error) {
	t := Trial{Rejected: []TrialFault{}, Explain: []TrialExplained{}, Fires: []TrialFire{}, Silent: []string{}}
	rules, m, err := b.trialRules(s)
	if err != nil {
		return t, fmt.Errorf("%w: %w", ErrTrial, err)
	}
	ed := &edition{setters: map[string][]ID{}, askers: map[string][]ID{}, classes: m.classes}
	own := t.read(m, ed)
	if s.capture == nil {
		return t, nil
	}
	if m.set.Len() == 0 {
		return t, fmt.Errorf("%w: none of the rules can be used", ErrTrial)
	}
	if b.Play == nil {
		return t, fmt.Errorf("%w: captures cannot be read here", ErrTrial)
	}
	return t, b.playTrial(ctx, &t, s, rules, m, own)
}

// trialRules are the rules of a trial: those that were sent, and where it is asked for those in force.
func (b *Rulebook) trialRules(s *sent) (*Rules, *made, error) {
	rules := &Rules{Vars: VarsOf(b.Config.Variables)}
	if s.inForce {
		now, _ := b.Rules()
		*rules = Rules{Vars: now.Vars, Files: slices.Clone(now.Files), On: now.On, Off: now.Off}
	} else if builtin := (&Rules{}); builtin.addShippedClasses() == nil {
		rules.Files = builtin.Files
	}
	rules.Files = append([]File{{Name: trialName, Text: []byte(s.rules)}}, rules.Files...)
	m, err := rules.make()
	return rules, m, err
}

// read says what became of the rules that were sent; those that can be used are returned by id.
func (t *Trial) read(m *made, ed *edition) map[ID]*rule.Rule {
	own, refused := map[ID]*rule.Rule{}, map[*rule.Rule]error{}
	for _, x := range m.refused {
		refused[x.Rule] = x.Err
	}
	for _, x := range m.all.Errors {
		if x.Pos.File == trialName && x.Enabled {
			t.Rejected = append(t.Rejected, TrialFault{x.Pos.String(), x.Pos.Line, x.Pos.Column, x.SID, x.Reason})
		}
	}
	for _, r := range m.all.Rules {
		if r.Pos.File != trialName || !r.Enabled {
			continue
		}
		if err := refused[r]; err != nil {
			t.Rejected = append(t.Rejected, TrialFault{r.Pos.String(), r.Pos.Line, r.Pos.Column, r.SID, err.Error()})
			continue
		}
		id := ID{r.GID, r.SID}
		own[id] = r
		t.Rules++
		if len(t.Explain) < maxExplained {
			t.Explain = append(t.Explain, TrialExplained{id.String(), explain(r, ed)})
		}
	}
	return own
}

// playTrial runs the capture past the rules.
func (b *Rulebook) playTrial(ctx context.Context, t *Trial, s *sent, rules *Rules, m *made, own map[ID]*rule.Rule) error {
	severity := map[ID]string{}
	for _, r := range m.all.Rules {
		severity[ID{r.GID, r.SID}] = severityOf(r, m.classes)
	}
	fires := map[ID]*TrialFire{}
	limit, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	begun := b.Clock.Now()
	played, err := b.Play(limit, s.capture.Name(), rules, func(h *event.Header, a *event.Alert) {
		id := ID{uint32(a.GID), uint32(a.SID)}
		f := fires[id]
		if f == nil {
			if len(fires) == maxFiredIDs {
				return
			}
			f = &TrialFire{ID: id.String(), Title: strings.Clone(a.Title), Severity: severity[id], First: []TrialPlace{}}
			fires[id] = f
		}
		f.note(h, a)
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case limit.Err() != nil:
		t.Stopped = "time"
	case err != nil:
		return fmt.Errorf("%w: %w", ErrTrial, err)
	}
	if s.cut {
		t.Stopped = "size"
	} else if played.Err != nil && t.Stopped == "" {
		t.Reason = played.Err.Error()
	}
	t.Played, t.Packets, t.Bytes, t.Events = true, played.Packets, played.Bytes, played.Events
	t.TookMS = b.Clock.Now().Sub(begun).Milliseconds()
	for _, f := range fires {
		t.Fires = append(t.Fires, *f)
	}
	slices.SortFunc(t.Fires, func(a, b TrialFire) int { return strings.Compare(padded(a.ID), padded(b.ID)) })
	for id := range own {
		if fires[id] == nil {
			t.Silent = append(t.Silent, id.String())
		}
	}
	slices.SortFunc(t.Silent, func(a, b string) int { return strings.Compare(padded(a), padded(b)) })
	return nil
}

// padded makes ids sort by their numbers.
func padded(id string) string {
	g, s, _ := strings.Cut(id, ":")
	return fmt.Sprintf("%12s:%12s", g, s)
}

func (f *TrialFire) note(h *event.Header, a *event.Alert) {
	f.Count++
	if len(f.First) == maxPlaces {
		return
	}
	p := TrialPlace{Time: h.When(), Src: h.Src.String(), SrcPort: h.Ports.Src, Dst: h.Dst.String(), DstPort: h.Ports.Dst,
		Protocol: strings.ToLower(event.ProtoName(h.Proto)), App: strings.Clone(a.App), Packet: h.Packet}
	if h.Proto != 6 && h.Proto != 17 && h.Proto != 132 {
		p.SrcPort, p.DstPort = 0, 0
	}
	f.First = append(f.First, p)
}

// cleanTrials removes what trials of a program that was killed have left.
func (b *Rulebook) cleanTrials() {
	if b.Dir != "" {
		clean(filepath.Join(b.Dir, "try"), func(string) bool { return false })
	}
}
