package identity

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/decide/identity/internal/password"
	"bulwark/platform/web"
)

// The homologation report says how people are identified here, for whoever answers for it: a hospital homologates its means of electronic
// identification itself (référentiel d'identification électronique, arrêté du 28 mars 2022; method of the ANSSI). All of it is read from what is so
// now; what is not known is not said.

// report is what it says.
type report struct {
	Text           reportText
	Language       string
	Hospital       string
	At             string
	Version        string // of the style
	People         []line
	Authenticators []line
	Assurance      []assuranceLine
	Enrolment      []string
	Rules          []line
	Risks          []string
}

type line struct{ Name, Value string }

// assuranceLine counts who of a duty or role can prove how much: 1 to 3 as NIST SP 800-63B-4 counts; Resistant are those with a passkey.
type assuranceLine struct {
	Role               string
	One, Two, Three    int
	Resistant, Nothing int
}

// means is by what somebody can sign in.
type means struct {
	password, directory, app, bound, synced bool
	outside                                 bool // a passkey that the rules would not take
	message                                 bool // codes that are sent
	account, two                            bool // at a provider; one that shows two factors
	paper                                   int
}

func (m means) level() int {
	switch {
	case m.bound:
		return 3
	case m.synced || m.app || m.two:
		return 2
	case m.password || m.account:
		return 1
	}
	return 0
}

// getHomologation draws the report, for the screen and for paper.
func (i *Identity) getHomologation(w http.ResponseWriter, r *http.Request) {
	rep, err := i.homologation(r.Context(), language(r))
	if err != nil {
		i.broken(w, r, err)
		return
	}
	rep.Version = i.pages.version
	var out bytes.Buffer
	if err := i.pages.frame.ExecuteTemplate(&out, "homologation", rep); err != nil {
		i.broken(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", rep.Language)
	_, _ = w.Write(out.Bytes())
}

// meansOf is by what each person can sign in.
func (i *Identity) meansOf(ctx context.Context, people []*personRow) (map[string]*means, error) {
	rules := map[string][]PasskeyRule{}
	for _, p := range people {
		rules[p.ID] = i.rulesFor(p.Duties, p.Roles)
	}
	var rows []*factorRow
	if err := i.db.Read().NewSelect().Model(&rows).Scan(ctx); err != nil {
		return nil, err
	}
	all := map[string]*means{}
	for _, f := range rows {
		m := all[f.Person]
		if m == nil {
			m = &means{}
			all[f.Person] = m
		}
		switch f.Kind {
		case passwordFactor:
			m.password, m.directory = true, strings.HasPrefix(f.Secret, inDirectory)
		case providerFactor:
			m.account = true
			m.two = m.two || i.showsTwo(f.Label)
		case totpFactor:
			m.app = true
		case messageFactor:
			m.message = true
		case recoveryFactor:
			m.paper++
		case passkeyFactor:
			var k passkey
			if err := json.Unmarshal([]byte(f.Secret), &k); err != nil {
				return nil, err
			}
			why, _ := i.models.outside(rules[f.Person], &k.Credential, i.clock.Now()) // that nobody can say is a warning
			m.outside = m.outside || why != ""
			if k.Credential.Flags.BackupEligible {
				m.synced = true
			} else {
				m.bound = true
			}
		}
	}
	return all, nil
}

// homologation reads how people are identified now.
func (i *Identity) homologation(ctx context.Context, language string) (*report, error) {
	t := reportEnglish()
	if language == fr {
		t = reportFrench()
	}
	var rows []*personRow
	if err := i.db.Read().NewSelect().Model(&rows).OrderExpr("login").Scan(ctx); err != nil {
		return nil, err
	}
	have, err := i.meansOf(ctx, rows)
	if err != nil {
		return nil, err
	}
	rep := &report{Text: t, Language: language, Hospital: i.config.Hospital, At: i.clock.Now().Format("2006-01-02 15:04 MST"), Enrolment: t.Enrolment}
	c := counted{by: map[string]*assuranceLine{}, sources: map[string]int{}}
	for _, p := range rows {
		m := have[p.ID]
		if m == nil {
			m = &means{}
		}
		c.add(p, *m)
	}
	rep.People = c.people(t)
	rep.Authenticators = c.authenticators(t)
	rep.Assurance = c.lines()
	rep.Rules = i.reportRules(t)
	rep.Risks = i.risks(t, &c)
	return rep, nil
}

// counted are the people and what they have.
type counted struct {
	active, disabled, invited                                          int
	sources                                                            map[string]int
	bound, synced, app, paper, local, far, accounts                    int
	messages, outside, alone, paperLow, administrators, administratorW int // W: without a passkey
	localAdministrators                                                int
	by                                                                 map[string]*assuranceLine
}

func (c *counted) add(p *personRow, m means) {
	switch {
	case !p.Disabled.IsZero():
		c.disabled++
		return
	case m.level() == 0:
		c.invited++
	default:
		c.active++
	}
	c.sources[p.Source]++
	for _, x := range []struct {
		has bool
		n   *int
	}{{m.bound, &c.bound}, {m.synced, &c.synced}, {m.app, &c.app}, {m.paper > 0, &c.paper}, {m.password && !m.directory, &c.local}, {m.directory, &c.far}, {m.account, &c.accounts},
		{m.message, &c.messages}, {m.outside, &c.outside}, {m.level() == 1, &c.alone}, {m.paper > 0 && m.paper < 3, &c.paperLow}} {
		if x.has {
			*x.n++
		}
	}
	if slices.Contains(p.Duties, web.Administrator) && m.level() > 0 {
		c.administrators++
		if !m.bound && !m.synced {
			c.administratorW++
		}
		if p.Source == "" {
			c.localAdministrators++
		}
	}
	names := slices.Clone(p.Roles)
	for _, d := range p.Duties {
		names = append(names, string(d))
	}
	for _, n := range names {
		c.line(n).count(m)
	}
}

func (c *counted) line(role string) *assuranceLine {
	if c.by[role] == nil {
		c.by[role] = &assuranceLine{Role: role}
	}
	return c.by[role]
}

func (l *assuranceLine) count(m means) {
	switch m.level() {
	case 0:
		l.Nothing++
	case 1:
		l.One++
	case 2:
		l.Two++
	case 3:
		l.Three++
	}
	if m.bound || m.synced {
		l.Resistant++
	}
}

func (c *counted) lines() []assuranceLine {
	all := make([]assuranceLine, 0, len(c.by))
	for _, l := range c.by {
		all = append(all, *l)
	}
	slices.SortFunc(all, func(a, b assuranceLine) int { return strings.Compare(a.Role, b.Role) })
	return all
}

func (c *counted) people(t reportText) []line {
	all := []line{{t.Active, strconv.Itoa(c.active)}, {t.Invited, strconv.Itoa(c.invited)}, {t.Disabled, strconv.Itoa(c.disabled)}}
	names := make([]string, 0, len(c.sources))
	for s := range c.sources {
		names = append(names, s)
	}
	slices.Sort(names)
	for _, s := range names {
		name := t.Here
		if s != "" {
			name = t.From + " " + s
		}
		all = append(all, line{name, strconv.Itoa(c.sources[s])})
	}
	return all
}

func (c *counted) authenticators(t reportText) []line {
	n := strconv.Itoa
	return []line{{t.Bound, n(c.bound)}, {t.Synced, n(c.synced)}, {t.App, n(c.app)}, {t.Paper, n(c.paper)}, {t.Local, n(c.local)}, {t.Far, n(c.far)}, {t.Account, n(c.accounts)}, {t.Message, n(c.messages)}}
}

// reportRules are the settings that decide.
func (i *Identity) reportRules(t reportText) []line {
	second := t.SecondAll
	if len(i.config.PasswordAlone) > 0 {
		second = t.SecondBut + " " + strings.Join(i.config.PasswordAlone, ", ")
	}
	age := t.NoAge
	if i.config.PasswordAge > 0 {
		age = strconv.Itoa(int(i.config.PasswordAge/(24*time.Hour))) + " " + t.Days
	}
	list := t.NoList
	if l, err := ShowStolen(i.stolen.file); err == nil && l.Entries > 0 {
		list = strconv.FormatUint(l.Entries, 10) + ", " + l.Created.Format(time.DateOnly)
	}
	cost := password.Recommended()
	all := []line{{t.Second, second}, {t.Length, t.LengthIs}, {t.Hash, "argon2id, " + strconv.Itoa(int(cost.Memory>>10)) + " MiB, t=" + strconv.Itoa(int(cost.Time))},
		{t.List, list}, {t.Age, age}, {t.Idle, i.config.idle().String()}, {t.Longest, i.config.longest().String()}, {t.Fresh, FreshProof.String()},
		{t.Keys, i.config.Passkeys.said(t)}}
	for _, c := range i.config.Directories {
		if c.Kerberos.On() {
			all = append(all, line{t.Tickets, c.Name + " (" + c.Kerberos.Realm + ")"})
		}
	}
	return all
}

// said are the rules of passkeys, in a line.
func (c *Passkeys) said(t reportText) string {
	var all []string
	for n := range c.Rules {
		r, parts := &c.Rules[n], []string{}
		add := func(on bool, text string) {
			if on {
				parts = append(parts, text)
			}
		}
		add(r.Bound, t.KeysBound)
		add(r.proved(), t.KeysProved)
		add(len(r.Models) > 0, strings.Join(r.Models, ", "))
		add(r.Level > 0, t.KeysLevel+" "+strconv.Itoa(r.Level))
		all = append(all, cmp.Or(strings.Join(r.For, ", "), t.KeysAll)+": "+strings.Join(parts, ", "))
	}
	return cmp.Or(strings.Join(all, "; "), t.KeysAny)
}

// risks are what is left, out of what is so now.
func (i *Identity) risks(t reportText, c *counted) []string {
	var all []string
	add := func(on bool, text string) {
		if on {
			all = append(all, text)
		}
	}
	with := func(n int, text string) string { return strconv.Itoa(n) + " " + text }
	add(c.alone > 0, with(c.alone, t.RiskAlone))
	add(len(i.config.PasswordAlone) > 0, t.RiskSetting)
	add(c.administratorW > 0, with(c.administratorW, t.RiskAdministrators))
	add(c.administrators < 2, t.RiskOneAdministrator)
	add(c.localAdministrators == 0 && len(i.sources) > 0, t.RiskNobodyHere)
	add(c.app > 0, t.RiskCodes)
	add(c.synced > 0, t.RiskSynced)
	add(i.config.Messages.Channel != "", t.RiskMessages+" "+strings.Join(i.config.Messages.For, ", "))
	add(c.outside > 0, with(c.outside, t.RiskOutside))
	add(c.paperLow > 0, with(c.paperLow, t.RiskPaper))
	add(c.invited > 0, with(c.invited, t.RiskInvited))
	l, err := ShowStolen(i.stolen.file)
	add(err == nil && l.Entries == 0, t.RiskNoList)
	add(err == nil && l.Entries > 0 && i.clock.Now().Sub(l.Created) > 365*24*time.Hour, t.RiskOldList)
	for _, d := range i.Directories() {
		add(d.Fault != "", t.RiskDirectory+" "+d.Name)
	}
	return append(all, t.RiskAlways...)
}
