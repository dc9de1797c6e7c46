package identity

import (
	"context"
	"testing"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/web"
)

func TestPeopleAreReadWhenTheyChange(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		admin := s.administrator()
		s.invitation(admin, "nina", web.Reader)
		has := func(login string) bool {
			t.Helper()
			all, err := s.Everybody(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range all {
				if p.Login == login {
					return true
				}
			}
			return false
		}
		if !has("nina") {
			t.Error("who was invited is not there at once")
		}
		err := s.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewUpdate().Model((*personRow)(nil)).Set("login = ?", "ninon").Where("login = ?", "nina").Exec(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if has("ninon") {
			t.Error("everybody is read although nothing was done")
		}
		s.clock.Add(readAgain)
		if !has("ninon") {
			t.Error("what was changed by hand is never read")
		}
		s.invitation(admin, "omar", web.Reader)
		if !has("omar") {
			t.Error("who was invited later is not there at once")
		}
	})
}
