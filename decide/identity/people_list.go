package identity

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/identity/internal/password"
	"bulwark/platform/db"
)

// Thousands come from a directory: lists of people are asked of the database a page at a time.

// ErrQuery means that what people are to be chosen by is nothing of what can be asked.
var ErrQuery = errors.New("identity: no such choice of people")

const (
	// fewPeople is how many a page lists unless asked for, and manyPeople how many at most.
	fewPeople, manyPeople = 50, 500
	// manyWords bounds the words that are looked for.
	manyWords = 8
)

// peopleQuery chooses people. The zero value chooses everybody, by name.
type peopleQuery struct {
	Words              string // each stands in name, login, number, directory, role or unit; without accents
	Source, Role, Unit string // Source "-": known here alone
	Duty               string
	State              string // of personAnswer, or "left" (the directory's), "never" (has not signed in), "weak" (no second factor)
	Sort               string // "" by name, "login", "newest"
	Cursor             string // where the page begins, as the page before said
	Limit              int
}

// peoplePage is a part of the people.
type peoplePage struct {
	People []personAnswer `json:"people"`
	All    int            `json:"all"`            // that are chosen
	Next   string         `json:"next,omitempty"` // empty: this is the end
}

// mark is where a page begins: after the one that this was of.
type mark struct{ Value, ID string }

// orders are by what people can be listed: the column, and whether it falls.
func orders() map[string]order {
	return map[string]order{
		"":       {"folded", false, func(p *personRow) string { return p.Folded }},
		"login":  {"login", false, func(p *personRow) string { return p.Login }},
		"newest": {"created", true, func(p *personRow) string { return p.Created.Format(time.RFC3339Nano) }},
	}
}

type order struct {
	column string
	falls  bool
	of     func(p *personRow) string
}

// page lists the people that q chooses, from its cursor on.
func (i *Identity) page(ctx context.Context, q peopleQuery) (peoplePage, error) {
	o, ok := orders()[q.Sort]
	if !ok {
		return peoplePage{}, ErrQuery
	}
	if q.Limit <= 0 || q.Limit > manyPeople {
		q.Limit = fewPeople
	}
	var rows []*personRow
	find, err := i.chosen(i.db.Read().NewSelect().Model(&rows), q)
	if err != nil {
		return peoplePage{}, err
	}
	all, err := find.Count(ctx)
	if err != nil {
		return peoplePage{}, err
	}
	out := peoplePage{All: int(all)}
	if find, err = o.from(find, q.Cursor); err != nil {
		return peoplePage{}, err
	}
	if err := find.Limit(int64(q.Limit) + 1).Scan(ctx); err != nil {
		return peoplePage{}, err
	}
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		last := rows[q.Limit-1]
		text, err := json.Marshal(mark{o.of(last), last.ID})
		if err != nil {
			return peoplePage{}, err
		}
		out.Next = base64.RawURLEncoding.EncodeToString(text)
	}
	out.People, err = i.told(ctx, rows)
	return out, err
}

// from begins after the cursor.
func (o order) from(q *bun.SelectQuery, cursor string) (*bun.SelectQuery, error) {
	way, beyond := "ASC", ">"
	if o.falls {
		way, beyond = "DESC", "<"
	}
	q = q.OrderExpr("p." + o.column + " " + way + ", p.id " + way)
	if cursor == "" {
		return q, nil
	}
	var m mark
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	var value any = m.Value
	if o.column == "created" && err == nil {
		value, err = time.Parse(time.RFC3339Nano, m.Value)
	}
	if err != nil {
		return nil, ErrQuery
	}
	return q.Where("(p."+o.column+", p.id) "+beyond+" (?, ?)", value, m.ID), nil
}

// chosen narrows a search of people to those of q.
func (i *Identity) chosen(find *bun.SelectQuery, q peopleQuery) (*bun.SelectQuery, error) {
	find = likeWords(find, q.Words, "p.folded")
	switch q.Source {
	case "":
	case "-":
		find = find.Where("p.source = ''")
	default:
		find = find.Where("p.source = ?", q.Source)
	}
	for column, word := range map[string]string{"roles": q.Role, "units": q.Unit, "duties": q.Duty} {
		if word != "" {
			find = hasWord(find, column, word)
		}
	}
	second, args := i.secondSQL()
	switch one := "EXISTS (SELECT 1 FROM identity_factor AS f WHERE f.person = p.id AND f.kind NOT IN ('badge', 'pin'))"; q.State {
	case "":
	case "disabled":
		find = find.Where("p.disabled IS NOT NULL")
	case "left":
		find = find.Where("p.disabled IS NOT NULL AND p.ended")
	case "invited":
		find = find.Where("p.disabled IS NULL AND NOT " + one)
	case "password-alone":
		find = find.Where("p.disabled IS NULL AND "+one+" AND NOT "+second, args...)
	case "weak":
		find = find.Where("p.disabled IS NULL AND NOT "+second, args...)
	case "active":
		find = find.Where("p.disabled IS NULL AND "+second, args...)
	case "never":
		find = find.Where("NOT EXISTS (SELECT 1 FROM identity_factor AS f WHERE f.person = p.id AND f.used IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM identity_session AS s WHERE s.person = p.id)").
			Where("NOT "+second, args...) // who added one was in
	default:
		return nil, ErrQuery
	}
	return find, nil
}

// secondSQL tells of a person p whether they have a second factor.
func (i *Identity) secondSQL() (sql string, args []any) {
	two := []string{""}
	for name := range i.providers {
		if i.showsTwo(name) {
			two = append(two, name)
		}
	}
	return "EXISTS (SELECT 1 FROM identity_factor AS f WHERE f.person = p.id AND (f.kind IN (?) OR f.kind = ? AND f.label IN (?)))",
		[]any{bun.List([]factorKind{passkeyFactor, totpFactor}), providerFactor, bun.List(two)}
}

// likeWords asks that each word stands in one of columns, which hold folded text.
func likeWords(find *bun.SelectQuery, words string, columns ...string) *bun.SelectQuery {
	all := strings.Fields(password.Fold(words))
	for _, w := range all[:min(len(all), manyWords)] {
		find = find.WhereGroup(" AND ", func(g *bun.SelectQuery) *bun.SelectQuery {
			for _, c := range columns {
				g = g.WhereOr(c+` LIKE ? ESCAPE '!'`, "%"+plainLike(w)+"%")
			}
			return g
		})
	}
	return find
}

// plainLike is w without what LIKE gives a meaning.
func plainLike(w string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(w)
}

// hasWord asks that a list that is kept as JSON holds a word: as we write it, or as PostgreSQL writes it anew.
func hasWord(find *bun.SelectQuery, column, word string) *bun.SelectQuery {
	ours, _ := json.Marshal(word) // a string is always JSON
	plain := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
	sql := "CAST(p." + column + ` AS TEXT) LIKE ? ESCAPE '!'`
	return find.Where("("+sql+" OR "+sql+")", "%"+plainLike(string(ours))+"%", "%"+plainLike(plain)+"%")
}

// told says of people what the console shows.
func (i *Identity) told(ctx context.Context, rows []*personRow) ([]personAnswer, error) {
	out := []personAnswer{}
	if len(rows) == 0 {
		return out, nil
	}
	ids := make([]string, len(rows))
	for n, p := range rows {
		ids[n] = p.ID
	}
	var factors []*factorRow
	if err := i.db.Read().NewSelect().Model(&factors).Column("person", "kind", "label", "used").Where("person IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, err
	}
	var sessions []*sessionRow
	if err := i.db.Read().NewSelect().Model(&sessions).Column("person", "seen").Where("person IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, err
	}
	able, seen := map[string]ability{}, map[string]time.Time{}
	later := func(person string, t time.Time) {
		if seen[person].Before(t) {
			seen[person] = t
		}
	}
	for _, f := range factors {
		able[f.Person] = max(able[f.Person], i.abilityOf(f))
		later(f.Person, f.Used)
	}
	for _, s := range sessions {
		later(s.Person, s.Seen)
	}
	for _, p := range rows {
		a := personAnswer{ID: p.ID, Login: p.Login, Name: p.Name, Duties: p.Duties, State: state(p, able[p.ID]), Created: p.Created, Source: p.Source,
			Roles: p.Roles, Units: p.Units, National: p.National, Left: p.Ended && !p.Disabled.IsZero()}
		if t := seen[p.ID]; !t.IsZero() {
			a.Seen = &t
		}
		out = append(out, a)
	}
	return out, nil
}

func (i *Identity) abilityOf(f *factorRow) ability {
	if f.Kind == badgeFactor || f.Kind == pinFactor { // by these alone nobody signs in
		return byNothing
	}
	if f.Kind == passkeyFactor || f.Kind == totpFactor || f.Kind == providerFactor && i.showsTwo(f.Label) {
		return byTwo
	}
	return byOne
}

// choices are what people can be narrowed by.
type choices struct {
	Sources []string `json:"sources"`
	Roles   []string `json:"roles"`
	Units   []string `json:"units"`
}

// choicesOf reads them. There are as many rows as there are different places in the hospital, not as people.
func (i *Identity) choicesOf(ctx context.Context) (choices, error) {
	var rows []*personRow
	if err := i.db.Read().NewSelect().Model(&rows).Column("source", "roles", "units").Distinct().Scan(ctx); err != nil {
		return choices{}, err
	}
	sources, roles, units := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, p := range rows {
		sources[p.Source] = true
		for _, r := range p.Roles {
			roles[r] = true
		}
		for _, u := range p.Units {
			units[u] = true
		}
	}
	delete(sources, "")
	return choices{sorted(sources), sorted(roles), sorted(units)}, nil
}

func sorted(set map[string]bool) []string {
	all := []string{}
	for w := range set {
		all = append(all, w)
	}
	slices.Sort(all)
	return all
}

// textOf is what somebody is looked for by.
func textOf(p *personRow) string {
	return password.Fold(strings.Join(slices.Concat([]string{p.Name, p.Login}, p.Roles, p.Units, []string{p.Source, p.National}), " "))
}

// refold makes what somebody is looked for by anew, after they were changed.
func refold(ctx context.Context, tx bun.Tx, id string) error {
	p, err := person(ctx, tx, id)
	if err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model(p).Set("folded = ?", textOf(p)).WherePK().Exec(ctx)
	return err
}

// foldAll makes it for those who came before there was such a thing.
func foldAll(ctx context.Context, d *db.DB) error {
	for {
		var rows []*personRow
		if err := d.Read().NewSelect().Model(&rows).Column("id").Where("folded = ''").Limit(batch).Scan(ctx); err != nil || len(rows) == 0 {
			return err
		}
		err := d.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			for _, p := range rows {
				if err := refold(ctx, tx, p.ID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}
