// Package safety is the clinical interlock: it says what may be done against an attack, to which device, and who must say yes
// before. [Judge] is pure and has the last word; around it the room keeps the matrix that a hospital edits, knows what an act would
// stop, and freezes automation where something is not as it should be.
package safety

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	content "bulwark/content/safety"
	"bulwark/platform/bus"
	"bulwark/platform/clock"
	"bulwark/platform/conf"
	"bulwark/platform/db"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Device is a device as the interlock needs to know it.
type Device struct {
	ID        uint64
	Name      string
	Class     string
	Ward      string
	Tier      int // 0 to 3: confirmed, or what is proposed; -1: neither
	Confirmed bool
	Addresses []netip.Addr // where it is now
	MACs      []string     // of its network cards, as 00:11:22:33:44:55
}

// Devices know the hospital's devices.
type Devices interface {
	// Ours reports whether an address can be a device of the hospital.
	Ours(netip.Addr) bool
	// At is who is at an address; false: nobody is known.
	At(netip.Addr) (Device, bool)
	// Device is one of that number; false: there is none.
	Device(id uint64) (Device, bool)
	// Crowds are how many devices there are in each ward and of each class.
	Crowds() (wards, classes map[string]int)
}

// Flow are the conversations in which one end asked another for the same.
type Flow struct {
	Client, Server netip.Addr
	App            string // protocol, by content; empty: not recognised
	Proto          uint8
	Port           uint16 // of the server
	Conversations  uint64
	Bytes          uint64
	Answered       uint64 // of these bytes, those that the server sent
	Last           time.Time
}

// Flows know what was said on the network.
type Flows interface {
	// Flows are those of some addresses within a time; more: there were more than are told. apps leaves out those by other
	// protocols; nil: none. With an error may be told what is known.
	Flows(ctx context.Context, of []netip.Addr, from, to time.Time, apps []string) (all []Flow, more bool, err error)
	// People are who signed on from some addresses.
	People(ctx context.Context, at []netip.Addr, from, to time.Time) ([]string, error)
	// SignedOn are the addresses from which a person signed on.
	SignedOn(ctx context.Context, user string, from, to time.Time) ([]netip.Addr, error)
	// Asked are who asked for a name or one below it, and whom they asked.
	Asked(ctx context.Context, domain string, from, to time.Time) (all []Flow, more bool, err error)
}

// Link is what a device has used of another, or given to it, as was learnt over weeks.
type Link struct {
	App   string
	Peer  uint64 // the device at the other end; 0: outside the hospital
	Gives bool   // the peer is the one that asks
	First time.Time
	Last  time.Time
}

// Links know who uses what of whom.
type Links interface {
	// Links are those of a device.
	Links(device uint64) ([]Link, error)
}

// Needs is what the room is made of.
type Needs struct {
	DB      *db.DB
	Ledger  *ledger.Ledger
	Clock   clock.Clock
	Log     *slog.Logger
	Health  *health.Tracker
	Devices Devices
	Flows   Flows
	Links   Links
	// File is where the hospital's own matrix stands; where there is no file the shipped one is in force.
	File string
	// Whole reports whether the ledger is as it was left.
	Whole func() bool
	// Unread is why a playbook cannot be read; empty: all can.
	Unread func() string
	// Revert ends an act that did harm, by its number.
	Revert func(ctx context.Context, uid, reason string) error
	// Spent is how many devices were cut automatically within the time of the budgets. Nil: none.
	Spent func() int
	// Live shows a value to whoever looks at the console.
	Live func(topic string, v any)
}

// What can be wrong with what is asked.
var (
	ErrMatrix = errors.New("safety: the matrix cannot be taken")
	ErrWrong  = errors.New("safety: that cannot be asked")
)

// Freeze is why nothing is automatic.
type Freeze struct {
	Cause  string    `json:"cause"` // person, centre, watchdog, tampered, ledger, matrix, playbook
	Text   Text      `json:"text"`
	By     string    `json:"by,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Since  time.Time `json:"since"`
}

// Safety is the room. Make it with [New]; it is safe for concurrent use.
type Safety struct {
	needs Needs
	rates *rates

	// mu guards what follows.
	mu      sync.RWMutex
	matrix  *content.Matrix
	text    []byte // of the matrix
	edited  bool   // it is the hospital's own
	problem string // of the file: the one before is in force
	read    []byte // the file as it was last read
	freezes map[string]Freeze
	live    bool // automatic acts are done, not only noted
	broken  time.Time
	rows    map[string]string // what is kept, by name
}

// New takes up what was decided.
func New(ctx context.Context, n Needs) (*Safety, error) {
	own, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, n.DB, "safety", own); err != nil {
		return nil, err
	}
	if n.Live == nil {
		n.Live = func(string, any) {}
	}
	if n.Unread == nil {
		n.Unread = func() string { return "" }
	}
	if n.Whole == nil {
		n.Whole = func() bool { return true }
	}
	s := &Safety{needs: n, rates: newRates(n.Clock.Now()), freezes: map[string]Freeze{}, rows: map[string]string{}}
	s.matrix, s.text = content.Shipped()
	if err := s.load(ctx); err != nil {
		return nil, fmt.Errorf("taking up the interlock: %w", err)
	}
	return s, s.reread(ctx)
}

// Name is "safety".
func (s *Safety) Name() string { return "safety" }

// lookEvery is how often the file and the ledger are looked at.
const lookEvery = 5 * time.Second

// Run looks after the matrix and the acts that are in force until ctx ends.
func (s *Safety) Run(ctx context.Context, b *bus.Bus) error {
	followed := make(chan error, 1)
	go func() { followed <- s.follow(ctx, b) }()
	for clock.Pause(ctx, lookEvery) {
		s.guard(ctx)
		if err := s.compare(ctx); err != nil && ctx.Err() == nil {
			s.needs.Log.Error("what is kept could not be compared", "error", err)
		}
		if err := s.reread(ctx); err != nil && ctx.Err() == nil {
			s.needs.Log.Error("the matrix could not be taken", "error", err)
		}
	}
	return <-followed
}

// reread takes the file where it is another than before. One that cannot be read leaves the one before in force, and freezes.
func (s *Safety) reread(ctx context.Context) error {
	text, err := s.readFile()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil:
		s.say(err.Error())
		return nil
	case s.read != nil && bytes.Equal(text, s.read):
		return nil
	}
	s.read = text
	if len(text) == 0 {
		s.say("")
		if !s.edited {
			return nil
		}
		return s.take(ctx, nil, ledger.Program("safety"), "the file is gone: the shipped matrix is in force")
	}
	if s.edited && bytes.Equal(text, s.text) {
		s.say("")
		return nil
	}
	if _, err := content.Parse(text, s.needs.File); err != nil {
		s.say(err.Error())
		return nil
	}
	s.say("")
	return s.take(ctx, text, ledger.Program("safety"), "the file was changed")
}

// readFile reads the file; nothing where there is none.
func (s *Safety) readFile() ([]byte, error) {
	if s.needs.File == "" {
		return []byte{}, nil
	}
	text, err := os.ReadFile(s.needs.File)
	if errors.Is(err, fs.ErrNotExist) {
		return []byte{}, nil
	}
	if len(text) > conf.MaxFile {
		return nil, fmt.Errorf("%s is longer than %v", s.needs.File, conf.Size(conf.MaxFile))
	}
	return text, err
}

// say notes what is wrong with the file. The lock is held.
func (s *Safety) say(problem string) {
	if s.problem == problem {
		return
	}
	s.problem, s.broken = problem, s.needs.Clock.Now()
	if s.needs.Health != nil {
		if problem == "" {
			s.needs.Health.Clear(&matrixUnread, "")
		} else {
			s.needs.Health.Set(&matrixUnread, health.Args{"problem": problem})
		}
	}
	s.needs.Live("safety", struct{}{})
}

// Frozen are the reasons for which nothing is automatic; none: it is.
func (s *Safety) Frozen() []Freeze {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := []Freeze{}
	for _, f := range s.freezes {
		all = append(all, f)
	}
	if s.problem != "" {
		f := s.freeze("matrix", ledger.Program("safety"), s.problem)
		f.Since = s.broken
		all = append(all, f)
	}
	if why := s.needs.Unread(); why != "" {
		all = append(all, s.freeze("playbook", ledger.Program("playbook"), why))
	}
	if !s.needs.Whole() {
		all = append(all, s.freeze("ledger", ledger.Program("ledger"), ""))
	}
	slices.SortFunc(all, func(a, b Freeze) int { return a.Since.Compare(b.Since) })
	return all
}

// freeze is a reason, from now on.
func (s *Safety) freeze(cause, by, reason string) Freeze {
	texts := map[string]Text{
		"person":   {"A person froze automation.", "Une personne a gelé l'automatisation."},
		"centre":   {"The centre of the group froze automation.", "Le centre du groupe a gelé l'automatisation."},
		"watchdog": {"Clinical messages fell after an act: it was reverted.", "Les messages cliniques ont chuté après un acte : il a été annulé."},
		"tampered": {"Something was changed behind the program's back.", "Quelque chose a été modifié à l'insu du programme."},
		"ledger":   {"The ledger is not whole.", "Le registre n'est pas intègre."},
		"playbook": {"A playbook cannot be read: neither it nor the shipped one of its name runs.", "Un scénario ne peut être lu : ni lui ni celui d'origine du même nom ne s'exécute."},
		"matrix":   {"The matrix cannot be read: the one before is in force.", "La matrice ne peut être lue : la précédente reste en vigueur."},
	}
	return Freeze{Cause: cause, Text: texts[cause], By: by, Reason: reason, Since: s.needs.Clock.Now().UTC().Truncate(time.Millisecond)}
}

// Freeze stops automation, for a cause.
func (s *Safety) Freeze(ctx context.Context, cause, by, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.freezeFor(ctx, cause, by, reason)
}

// freezeFor stops automation. The lock is held.
func (s *Safety) freezeFor(ctx context.Context, cause, by, reason string) error {
	next := map[string]Freeze{}
	for k, f := range s.freezes {
		next[k] = f
	}
	next[cause] = s.freeze(cause, by, reason)
	return s.setFreezes(ctx, next, ledger.Entry{Actor: by, Act: "safety.freeze", Outcome: ledger.Done, Detail: map[string]string{"cause": cause, "reason": reason}})
}

// Thaw lets automation go on: what persons and the watchdog stopped. What is wrong by itself stays so.
func (s *Safety) Thaw(ctx context.Context, by, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.setFreezes(ctx, map[string]Freeze{}, ledger.Entry{Actor: by, Act: "safety.thaw", Outcome: ledger.Done, Detail: map[string]string{"reason": reason}})
}

// setFreezes keeps the freezes. The lock is held.
func (s *Safety) setFreezes(ctx context.Context, all map[string]Freeze, e ledger.Entry) error {
	doc, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		doc = nil
	}
	if err := s.keep(ctx, rowFreezes, string(doc), e); err != nil {
		return err
	}
	s.freezes = all
	s.needs.Live("safety", struct{}{})
	return nil
}

// SetLive lets automatic acts be done, or only noted.
func (s *Safety) SetLive(ctx context.Context, live bool, by, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	doc, err := json.Marshal(modeDoc{live})
	if err != nil {
		return err
	}
	mode := "shadow"
	if live {
		mode = "live"
	}
	if err := s.keep(ctx, rowMode, string(doc), ledger.Entry{Actor: by, Act: "safety.mode", Outcome: ledger.Done, Detail: map[string]string{"mode": mode, "reason": reason}}); err != nil {
		return err
	}
	s.live = live
	s.needs.Live("safety", struct{}{})
	return nil
}

// Live reports whether automatic acts are done, and not only noted.
func (s *Safety) Live() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.live
}

// Warnables are the warnings of this room.
func Warnables() []*health.Warnable { return []*health.Warnable{&matrixUnread} }

var matrixUnread = health.Warnable{
	ID: "safety.matrix-unread", Severity: health.Unprotected,
	Title: health.Text{EN: "The safety matrix cannot be read", FR: "La matrice de sécurité clinique ne peut être lue"},
	Text: health.Text{EN: "The matrix before is in force, and nothing is done automatically: {problem}.",
		FR: "La matrice précédente reste en vigueur, et rien n'est fait automatiquement : {problem}."},
	NextStep: health.Text{EN: "Mend the file, or take it away: Bulwark reads it again within seconds.",
		FR: "Corrigez le fichier ou retirez-le : Bulwark le relit en quelques secondes."},
}
