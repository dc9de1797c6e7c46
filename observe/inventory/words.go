package inventory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"bulwark/observe/inventory/internal/register"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

// Tier is how much care depends on a device.
type Tier int

// The tiers. NotKnown is handled as clinical-essential until a person confirms another.
const (
	LifeCritical      Tier = 0
	ClinicalEssential Tier = 1
	ClinicalSupport   Tier = 2
	Office            Tier = 3
	NotKnown          Tier = -1
)

// Word is what people have said of a device. It stands above what the device seems to be. Empty parts were not said.
type Word struct {
	Name      string    `json:"name,omitempty"`
	Class     string    `json:"class,omitempty"`
	Tier      Tier      `json:"tier"`
	Ward      string    `json:"ward,omitempty"`
	Owner     string    `json:"owner,omitempty"`
	Note      string    `json:"note,omitempty"`
	Reference string    `json:"reference,omitempty"` // number in the hospital's own register of equipment
	Confirmed time.Time `json:"confirmed,omitzero"`  // when tier and class were confirmed; zero while they were not
	By        string    `json:"by,omitempty"`        // who said it last
	Rev       int64     `json:"rev"`                 // rises with each change
}

// What can be wrong with what a person asks.
var (
	ErrNoDevice = errors.New("inventory: there is no such device")
	ErrWord     = errors.New("inventory: that cannot be said of a device")
	ErrEdited   = errors.New("inventory: somebody else has changed the device meanwhile")
)

const maxWord = 200 // characters

func (i *Inventory) checkWord(w *Word) error {
	for _, x := range [...]struct {
		name  string
		value *string
	}{{"name", &w.Name}, {"ward", &w.Ward}, {"owner", &w.Owner}, {"reference", &w.Reference}, {"note", &w.Note}} {
		*x.value = strings.TrimSpace(*x.value)
		if utf8.RuneCountInString(*x.value) > maxWord || !utf8.ValidString(*x.value) {
			return fmt.Errorf("%w: %s is longer than %d characters, or no text", ErrWord, x.name, maxWord)
		}
	}
	if w.Tier < NotKnown || w.Tier > Office {
		return fmt.Errorf("%w: tier %d is none of 0 to 3", ErrWord, w.Tier)
	}
	if w.Class != "" && i.class(w.Class) == nil {
		return fmt.Errorf("%w: %q is no class", ErrWord, w.Class)
	}
	return nil
}

// Say keeps what a person says of a device. w.Rev must be that of the word it takes the place of, or [ErrEdited].
func (i *Inventory) Say(ctx context.Context, actor string, d register.DeviceID, w Word) (Word, error) {
	if err := i.checkWord(&w); err != nil {
		return Word{}, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.book.register.Traces(d)) == 0 {
		return Word{}, fmt.Errorf("%w: %d", ErrNoDevice, d)
	}
	old := i.words[d]
	if old.Rev != w.Rev {
		return old, ErrEdited
	}
	w.Rev++
	w.By = actor
	err := i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if !i.fleeting {
			if err := putWord(ctx, tx, d, w); err != nil {
				return err
			}
		}
		_, err := i.ledger.Append(ctx, tx, ledger.Entry{Actor: actor, Act: "inventory.say", Object: fmt.Sprintf("device/%d", d),
			Outcome: ledger.Done, Detail: differences(&old, &w)})
		return err
	})
	if err != nil {
		return Word{}, err
	}
	i.words[d] = w
	if s := i.watch.standings[d]; s != nil {
		i.retier(d, s, i.book.now, "said by "+actor)
	}
	return w, nil
}

// differences are what a word changes, as the ledger has it.
func differences(old, w *Word) map[string]string {
	all := map[string]string{}
	for _, x := range [...]struct{ name, old, new string }{
		{"name", old.Name, w.Name}, {"class", old.Class, w.Class}, {"tier", tierText(old.Rev, old.Tier), tierText(w.Rev, w.Tier)},
		{"ward", old.Ward, w.Ward}, {"owner", old.Owner, w.Owner}, {"note", old.Note, w.Note}, {"reference", old.Reference, w.Reference},
	} {
		if x.old != x.new {
			all[x.name] = x.old + " -> " + x.new
		}
	}
	return all
}

func tierText(rev int64, t Tier) string {
	if rev == 0 || t == NotKnown {
		return ""
	}
	return fmt.Sprint(int(t))
}

type wordRow struct {
	bun.BaseModel `bun:"table:inventory_word,alias:w"`
	Device        int64     `bun:"device,pk"`
	Name          string    `bun:"name"`
	Class         string    `bun:"class"`
	Tier          int64     `bun:"tier"`
	Ward          string    `bun:"ward"`
	Owner         string    `bun:"owner"`
	Note          string    `bun:"note"`
	Reference     string    `bun:"reference"`
	Confirmed     time.Time `bun:"confirmed,nullzero"`
	By            string    `bun:"by"`
	Rev           int64     `bun:"rev"`
}

func putWord(ctx context.Context, tx bun.Tx, d register.DeviceID, w Word) error {
	row := wordRow{Device: int64(d), Name: w.Name, Class: w.Class, Tier: int64(w.Tier), Ward: w.Ward, Owner: w.Owner, Note: w.Note,
		Reference: w.Reference, By: w.By, Rev: w.Rev}
	if !w.Confirmed.IsZero() {
		row.Confirmed = db.Time(w.Confirmed)
	}
	q := tx.NewInsert().Model(&row).On("CONFLICT (device) DO UPDATE")
	for _, c := range [...]string{"name", "class", "tier", "ward", "owner", "note", "reference", "confirmed", "by", "rev"} {
		q = q.Set("? = EXCLUDED.?", bun.Ident(c), bun.Ident(c))
	}
	_, err := q.Exec(ctx)
	return err
}
