package identity

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"testing"

	"github.com/uptrace/bun"

	"bulwark/platform/db/dbtest"
	"bulwark/platform/web"
	"context"
)

func TestWhereADeviceCannotBeLookedUpNoSessionIsOpened(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	s.asking()
	admin := s.administrator()
	c, _ := s.device(admin, "DESK-1", workstation, "")
	s.invited(admin, "nina", web.Reader)
	rename := func(from, to string) {
		err := s.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.ExecContext(ctx, "ALTER TABLE "+from+" RENAME TO "+to)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	rename("identity_device", "identity_device_away")
	r, err := http.NewRequest(http.MethodGet, "https://b/", nil)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}}
	from := s.visitorOf(r)
	err = s.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := s.open(ctx, tx, s.row("nina").ID, byPassword(), from)
		return err
	})
	if err == nil {
		t.Error("a session was opened that is bound to no device")
	}
	rename("identity_device_away", "identity_device")
	if from = s.visitorOf(r); from.unknown != nil || from.device == "" {
		t.Errorf("%+v", from)
	}
}
