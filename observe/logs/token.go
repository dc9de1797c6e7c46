package logs

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

// mostTokens is how many tokens there can be.
const mostTokens = 4096

var (
	// ErrToken means that a token cannot be made: its name is no word, or there are too many.
	ErrToken = errors.New("logs: no such token can be made")
	// ErrNoToken means that there is no token of that name.
	ErrNoToken = errors.New("logs: no such token")
)

var tokenName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,62}$`)

type tokenRow struct {
	bun.BaseModel `bun:"table:logs_token,alias:t"`
	Name          string          `bun:"name,pk"`
	Sum           string          `bun:"sum"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

// Token is what is kept of a token: not the token itself.
type Token struct {
	Name string    `json:"name"` // of who sends with it
	Made time.Time `json:"made"`
	By   string    `json:"by"`
}

// tokens are those by which senders prove who they are.
type tokens struct {
	db     *db.DB
	ledger *ledger.Ledger
	clock  clock.Clock

	mu  sync.RWMutex
	all map[string]Token // by SHA-256, in hexadecimal digits
}

func (t *tokens) load(ctx context.Context) error {
	var rows []tokenRow
	if err := t.db.Read().NewSelect().Model(&rows).Scan(ctx); err != nil {
		return err
	}
	t.all = map[string]Token{}
	for _, row := range rows {
		var k Token
		if err := json.Unmarshal(row.Doc, &k); err != nil {
			return fmt.Errorf("reading the token of %s: %w", row.Name, err)
		}
		t.all[row.Sum] = k
	}
	return nil
}

// sumOf is by what a token is known. It is random and long: a plain hash of it cannot be guessed.
func sumOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// admit says under which name a token is known.
func (t *tokens) admit(token string) (name string, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	k, ok := t.all[sumOf(token)]
	return k.Name, ok
}

// make makes a token, in place of one of the same name. It is shown this once.
func (t *tokens) make(ctx context.Context, actor, name string) (string, error) {
	if !tokenName.MatchString(name) {
		return "", fmt.Errorf("%w: %q is not a word of small letters, digits, dots and hyphens", ErrToken, name)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.all) >= mostTokens {
		return "", fmt.Errorf("%w: there are %d", ErrToken, len(t.all))
	}
	var secret [24]byte
	_, _ = rand.Read(secret[:]) // never fails (crypto/rand)
	token := "bwl_" + base64.RawURLEncoding.EncodeToString(secret[:])
	k := Token{Name: name, Made: t.clock.Now().UTC(), By: actor}
	doc, err := json.Marshal(k)
	if err != nil {
		return "", err
	}
	err = t.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := db.Put(ctx, tx, []tokenRow{{Name: name, Sum: sumOf(token), Doc: doc}}, "name", "sum", "doc"); err != nil {
			return err
		}
		return t.note(ctx, tx, actor, "logs.token", name)
	})
	if err != nil {
		return "", err
	}
	t.forget(name)
	t.all[sumOf(token)] = k
	return token, nil
}

// list is all tokens by name.
func (t *tokens) list() []Token {
	t.mu.RLock()
	defer t.mu.RUnlock()
	all := slices.AppendSeq([]Token{}, maps.Values(t.all)) // none is a list, too
	slices.SortFunc(all, func(a, b Token) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// remove has a token open nothing any more.
func (t *tokens) remove(ctx context.Context, actor, name string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.forget(name) {
		return fmt.Errorf("%w: %q", ErrNoToken, name)
	}
	return t.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewDelete().Model((*tokenRow)(nil)).Where("name = ?", name).Exec(ctx); err != nil {
			return err
		}
		return t.note(ctx, tx, actor, "logs.untoken", name)
	})
}

// forget takes the token of a name out of memory, and reports whether there was one. Callers hold mu.
func (t *tokens) forget(name string) bool {
	for sum, k := range t.all {
		if k.Name == name {
			delete(t.all, sum)
			return true
		}
	}
	return false
}

func (t *tokens) note(ctx context.Context, tx bun.Tx, actor, act, name string) error {
	_, err := t.ledger.Append(ctx, tx, ledger.Entry{Actor: actor, Act: act, Object: "log-sender:" + name, Outcome: ledger.Done})
	return err
}
