package directory

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"bulwark/internal/directorytest"
	"bulwark/platform/conf"
)

const (
	realm    = directorytest.Realm
	base     = directorytest.Base
	password = directorytest.Password
)

// domain is a domain controller, as the enforcement point meets it.
type domain struct {
	*directorytest.Domain
	t *testing.T
}

// ask reads attributes of an account as an administrator.
func (d *domain) ask(name, attribute string) []string {
	d.t.Helper()
	dir := d.point(Config{Account: "administrator@" + strings.ToLower(realm)})
	s, err := dir.open(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	defer s.close()
	got, err := s.c.Search(ldap.NewSearchRequest(base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, "(sAMAccountName="+name+")", []string{attribute}, nil))
	if err != nil || len(got.Entries) != 1 {
		d.t.Fatalf("asking for %s: %v, %v", name, got, err)
	}
	return got.Entries[0].GetAttributeValues(attribute)
}

// point is the enforcement point for this domain.
func (d *domain) point(c Config) *Directory {
	c.Servers, c.Authority, c.Password = []string{"ldaps://" + directorytest.Address}, d.Authority, conf.NewSecret(password)
	if c.Account == "" {
		c.Account = "bulwark@" + strings.ToLower(realm)
	}
	return New(c, slog.New(slog.DiscardHandler))
}

// drive makes an order so, or puts it back, and reads it.
func (d *domain) drive(p *Directory, o Order, wanted bool) (held bool, err error) {
	d.t.Helper()
	want, undo := []Order{o}, []Order(nil)
	if !wanted {
		want, undo = undo, want
	}
	refused, err := p.Drive(d.t.Context(), want, undo)
	if err != nil || refused[o.ID] != nil {
		return false, errors.Join(err, refused[o.ID])
	}
	all, unknown, err := p.Read(d.t.Context(), []Order{o})
	return all[o.ID], errors.Join(err, unknown[o.ID])
}

// TestActiveDirectory runs the acts on a real domain controller.
func TestActiveDirectory(t *testing.T) {
	d := &domain{directorytest.New(t), t}
	d.Tool("user", "create", "bulwark", password)
	d.Tool("group", "addmembers", "Domain Admins", "bulwark")
	d.Tool("user", "create", "jdurand", password)
	d.Tool("user", "create", "urgence", password)
	d.Tool("group", "add", "Images")
	d.Tool("group", "addmembers", "Images", "jdurand")
	d.Tool("ou", "create", "OU=Partis,"+base)
	p := d.point(Config{Never: []string{"Urgence"}})

	t.Run("each act is so after it was done, and as before after it was undone", func(t *testing.T) {
		for _, tt := range []struct {
			o                 Order
			object, attribute string
			planned, set      string
		}{
			{Order{ID: 1, Act: DisableAccount, User: "jdurand"}, "jdurand", "userAccountControl", "512 becomes 514", "514"},
			{Order{ID: 2, Act: RevokeSessions, User: `HOSPITAL\jdurand`}, "jdurand", "logonHours", "now every hour", strings.Repeat("\x00", hours)},
			{Order{ID: 3, Act: RemoveGroup, User: "jdurand@ad.hospital.example", Group: "Images"}, "Images", "member", "member loses CN=jdurand", ""},
		} {
			before := strings.Join(d.ask(tt.object, tt.attribute), "|")
			plan, err := p.Try(t.Context(), tt.o)
			if err != nil || !strings.Contains(plan[0], tt.planned) || len(plan) != 2 {
				t.Fatalf("%s: the plan is %q, %v; want %q", tt.o.Act, plan, err, tt.planned)
			}
			if got := strings.Join(d.ask(tt.object, tt.attribute), "|"); got != before {
				t.Fatalf("%s: planning made %s %q of %q", tt.o.Act, tt.attribute, got, before)
			}
			if tt.o.Memo, err = p.Prepare(t.Context(), tt.o); err != nil {
				t.Fatal(err)
			}
			for range 2 { // doing it again changes nothing
				if held, err := d.drive(p, tt.o, true); err != nil || !held {
					t.Fatalf("%s: held %v, %v; want it in force", tt.o.Act, held, err)
				}
			}
			if got := strings.Join(d.ask(tt.object, tt.attribute), "|"); got != tt.set {
				t.Errorf("%s: %s is %q, want %q", tt.o.Act, tt.attribute, got, tt.set)
			}
			if _, err := p.Try(t.Context(), tt.o); !errors.Is(err, ErrSo) {
				t.Errorf("%s again: error %v, want %v", tt.o.Act, err, ErrSo)
			}
			p = d.point(Config{Never: []string{"Urgence"}}) // as after a restart: the memo is all there is
			for range 2 {
				if held, err := d.drive(p, tt.o, false); err != nil || held {
					t.Fatalf("%s undone: held %v, %v; want it gone", tt.o.Act, held, err)
				}
			}
			if got := strings.Join(d.ask(tt.object, tt.attribute), "|"); got != before {
				t.Errorf("%s undone: %s is %q, want %q", tt.o.Act, tt.attribute, got, before)
			}
		}
	})

	t.Run("accounts that are never touched", func(t *testing.T) {
		for _, name := range []string{"krbtgt", "Administrator", "administrator@ad.hospital.example", "Guest", "bulwark", "URGENCE", "DC1$"} {
			o := Order{ID: 9, Act: DisableAccount, User: name}
			if _, err := p.Try(t.Context(), o); !errors.Is(err, ErrNever) {
				t.Errorf("%s: error %v, want %v", name, err, ErrNever)
			}
			if _, err := p.Prepare(t.Context(), o); !errors.Is(err, ErrNever) {
				t.Errorf("preparing %s: error %v, want %v", name, err, ErrNever)
			}
		}
	})

	t.Run("names that are nobody's, or a filter", func(t *testing.T) {
		for _, name := range []string{"nobody", "*", "jdurand)(cn=*", "jdurand@elsewhere.example", ""} {
			if _, err := p.Try(t.Context(), Order{ID: 9, Act: DisableAccount, User: name}); !errors.Is(err, ErrAbsent) {
				t.Errorf("%q: error %v, want %v", name, err, ErrAbsent)
			}
		}
	})

	t.Run("other bits that a person sets meanwhile stay", func(t *testing.T) {
		o := Order{ID: 4, Act: DisableAccount, User: "jdurand"}
		o.Memo, _ = p.Prepare(t.Context(), o)
		if held, err := d.drive(p, o, true); !held || err != nil {
			t.Fatal(held, err)
		}
		d.Tool("user", "setexpiry", "--noexpiry", "jdurand") // DONT_EXPIRE_PASSWORD
		if held, err := d.drive(p, o, false); held || err != nil {
			t.Fatal(held, err)
		}
		if got := d.ask("jdurand", "userAccountControl")[0]; got != "66048" {
			t.Errorf("userAccountControl is %s, want 66048", got)
		}
	})

	t.Run("hours that a person sets meanwhile stay", func(t *testing.T) {
		o := Order{ID: 5, Act: RevokeSessions, User: "jdurand"}
		o.Memo, _ = p.Prepare(t.Context(), o)
		if held, err := d.drive(p, o, true); !held || err != nil {
			t.Fatal(held, err)
		}
		theirs := bytes.Repeat([]byte{0xf0}, hours)
		s, err := p.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		if err := s.apply("CN=jdurand,CN=Users,"+base, "logonHours", make([]byte, hours), theirs); err != nil {
			t.Fatal(err)
		}
		if err := s.apply("CN=jdurand,CN=Users,"+base, "logonHours", make([]byte, hours), nil); err == nil {
			t.Error("a value that is another's was taken away")
		}
		if held, err := d.drive(p, o, false); held || err != nil {
			t.Fatal(held, err)
		}
		if got := d.ask("jdurand", "logonHours"); len(got) != 1 || got[0] != string(theirs) {
			t.Errorf("logonHours are %x, want %x", got, theirs)
		}
	})

	t.Run("an account that a person moved is theirs", func(t *testing.T) {
		o := Order{ID: 6, Act: DisableAccount, User: "jdurand"}
		o.Memo, _ = p.Prepare(t.Context(), o)
		if held, err := d.drive(p, o, true); !held || err != nil {
			t.Fatal(held, err)
		}
		d.Tool("user", "move", "jdurand", "OU=Partis,"+base)
		if _, err := d.drive(p, o, true); !errors.Is(err, ErrTaken) {
			t.Errorf("holding it: error %v, want %v", err, ErrTaken)
		}
		if held, err := d.drive(p, o, false); held || err != nil {
			t.Fatal(held, err)
		}
		if got := d.ask("jdurand", "userAccountControl")[0]; got != "66050" {
			t.Errorf("userAccountControl is %s, want 66050: it stays disabled", got)
		}
		d.Tool("user", "delete", "jdurand")
		if _, err := d.drive(p, o, true); !errors.Is(err, ErrGone) {
			t.Errorf("holding what is gone: error %v, want %v", err, ErrGone)
		}
		if held, err := d.drive(p, o, false); held || err != nil {
			t.Error(held, err)
		}
	})

	t.Run("a server that does not prove its name, a wrong password", func(t *testing.T) {
		c := p.config
		c.Authority = ""
		if _, err := New(c, p.log).Try(t.Context(), Order{Act: DisableAccount, User: "urgence"}); err == nil || !strings.Contains(err.Error(), "x509") {
			t.Errorf("error %v, want one about its certificate", err)
		}
		c = p.config
		c.Password = conf.NewSecret("wrong")
		if _, err := New(c, p.log).Drive(t.Context(), nil, nil); !ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials) {
			t.Errorf("error %v, want invalid credentials", err)
		}
	})
}
