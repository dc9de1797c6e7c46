package logsources

import "testing"

func TestAll(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].Service("security") != "security" || all[0].Service("Nothing") != "" {
		t.Errorf("got %d products, want Windows, whose channel Security is the service security", len(all))
	}
	if views, err := Views(); err != nil || len(views) == 0 {
		t.Errorf("got %d views, %v", len(views), err)
	}
}
