package dicomweb

import (
	"fmt"
	"strings"
	"testing"
)

func TestDescribe(t *testing.T) {
	const json = "application/dicom+json"
	for _, c := range []struct{ does, method, target, accept, sent, came, want string }{
		{"a search for studies", "GET", "/dicom-web/studies?PatientID=4711&StudyDate=20261122", "*/*", "", "", "QIDO-RS Search study /dicom-web .."},
		{"a search told by its answer only", "GET", "/studies", "*/*", "", json, "QIDO-RS Search study  .."},
		{"series of a study", "GET", "/pacs/studies/1.2.3/series?Modality=CT", "", "", "", "QIDO-RS Search series /pacs 1.2.3.."},
		{"instances of a series", "GET", "/studies/1.2.3/series/1.2.4/instances", "", "", "", "QIDO-RS Search instance  1.2.3.1.2.4."},
		{"a study", "GET", "/studies/1.2.3", "", "", "", "WADO-RS Retrieve study  1.2.3.."},
		{"its metadata", "GET", "/studies/1.2.3/metadata", "", "", "", "WADO-RS Retrieve Metadata study  1.2.3.."},
		{"frames", "GET", "/studies/1.2.3/series/1.2.4/instances/1.2.5/frames/1,2", "", "", "", "WADO-RS Retrieve Frames frame  1.2.3.1.2.4.1.2.5 frames 1,2"},
		{"a picture of a frame", "GET", "/studies/1.2.3/series/1.2.4/instances/1.2.5/frames/1/rendered", "", "", "", "WADO-RS Retrieve Rendered frame  1.2.3.1.2.4.1.2.5 frames 1"},
		{"a thumbnail", "GET", "/studies/1.2.3/thumbnail", "", "", "", "WADO-RS Retrieve Thumbnail study  1.2.3.."},
		{"bulk data", "GET", "/studies/1.2.3/series/1.2.4/instances/1.2.5/bulkdata/x/y", "", "", "", "WADO-RS Retrieve Bulkdata bulkdata  1.2.3.1.2.4.1.2.5"},
		{"a store", "POST", "/dicom-web/studies", "", `multipart/related; type="application/dicom"; boundary=x`, "", "STOW-RS Store study /dicom-web .."},
		{"a store into a study", "POST", "/studies/1.2.3", "", "", "", "STOW-RS Store study  1.2.3.."},
		{"a deletion", "DELETE", "/studies/1.2.3/series/1.2.4", "", "", "", "STOW-RS Delete series  1.2.3.1.2.4."},
		{"one object by parameters", "GET", "/wado?requestType=WADO&studyUID=1.2.3&seriesUID=1.2.4&objectUID=1.2.5&frameNumber=3", "", "", "", "WADO-URI Retrieve instance /wado 1.2.3.1.2.4.1.2.5 frames 3"},
		{"through a proxy", "GET", "http://pacs.example/rs/studies/1.2.3", "", "", "", "WADO-RS Retrieve study /rs 1.2.3.."},
		{"a work item", "POST", "/workitems?1.2.6", "", json, "", "UPS-RS Create workitem  .."},
		{"its state", "PUT", "/workitems/1.2.6/state", "", "", "", "UPS-RS Change State workitem  ..1.2.6"},
		{"a subscription", "DELETE", "/workitems/1.2.6/subscribers/AET", "", "", "", "UPS-RS Unsubscribe workitem  ..1.2.6"},
		{"a film studio", "GET", "/studies", "text/html", "", "text/html", ""},
		{"studies of a researcher", "GET", "/studies/4711/results", "", "", "", ""},
		{"a version number", "GET", "/series/3.1", "", "", "", ""},
		{"another word behind a UID", "GET", "/studies/1.2.3/comments", "", "", "", ""},
		{"a method that nothing has", "PATCH", "/studies/1.2.3", "", "", "", ""},
		{"too deep", "GET", "/studies/1.2.3/series/1.2.4/instances/1.2.5/series/1.2.6/instances/1.2.7", "", "", "", ""},
		{"nothing", "", "", "", "", "", ""},
	} {
		var in Interaction
		got := ""
		x := Exchange{Method: []byte(c.method), Target: []byte(c.target), Accept: []byte(c.accept), RequestType: []byte(c.sent), ResponseType: []byte(c.came)}
		if Describe(&x, &in) {
			got = fmt.Sprintf("%v %s %s %s %s.%s.%s", in.Service, in.Action, in.Level, in.Base, in.Study, in.Series, in.Instance)
			if in.Frames != nil {
				got += " frames " + string(in.Frames)
			}
		}
		if got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.does, got, c.want)
		}
		if got != "" && !Plausible(x.Target) {
			t.Errorf("%s: not plausible", c.does)
		}
	}
}

func TestCounter(t *testing.T) {
	parts := "--b-1\r\nContent-Type: application/dicom\r\n\r\nDICM --b-\r\n--b-1\r\n\r\nx\r\n--b-1\r\n\r\n\r\n--b-1--\r\nbehind --b-1\r\n"
	answer := `{"00081190":{"vr":"UR","Value":["x"]},"00081199":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["1.2"]}},{"00081155":{}}]},` +
		`"00081198":{"vr":"SQ","Value":[{"00081155":{},"00081197":{"vr":"US","Value":[49152]}}]}}`
	for _, c := range []struct {
		does, media, body       string
		objects, stored, failed int
	}{
		{"objects of a list", "application/dicom+json", `[{"a":{"b":["]{\""]}} , {"c":[{}]},{}]`, 3, 0, 0},
		{"an empty list", "application/json", `[]`, 0, 0, 0},
		{"an object is no list", "application/json", `{"a":{},"b":{}}`, 0, 0, 0},
		{"parts", `multipart/related; type="application/dicom"; boundary="b-1"`, parts, 3, 0, 0},
		{"parts without an end", `multipart/related; boundary=b-1; type=x`, parts[:len(parts)-23], 3, 0, 0},
		{"the answer to a store", "application/dicom+json", answer, 0, 2, 1},
		{"what is neither", "image/jpeg", parts, 0, 0, 0},
		{"no boundary", "multipart/related", parts, 0, 0, 0},
	} {
		for size := 1; size <= len(c.body)+1; size++ {
			var k Counter
			k.Begin([]byte(c.media))
			for b := []byte(c.body); len(b) > 0; {
				n := min(size, len(b))
				k.Write(b[:n])
				b = b[n:]
			}
			stored, failed := k.Stored()
			if k.Objects() != c.objects || stored != c.stored || failed != c.failed {
				t.Errorf("%s in pieces of %d: got %d, %d stored, %d failed; want %d, %d, %d", c.does, size, k.Objects(), stored, failed, c.objects, c.stored, c.failed)
				break
			}
		}
	}
}

func TestPatients(t *testing.T) {
	for _, c := range []struct{ does, p, want string }{
		{"an identifier and a name", `[{"00100010":{"vr":"PN","Value":[{"Alphabetic":"DOE^JOHN"}]},"00100020":{"vr":"LO","Value":["4711"]}}]`, "4 DOE^JOHN|2 4711"},
		{"set out", "\"00100020\" : {\n \"Value\" : [\n \"4711\" ] }", "2 4711"},
		{"no value", `"00100020":{"vr":"LO"},"00100010":{"vr":"PN"}`, ""},
		{"cut off", `"00100020":{"vr":"LO","Value":["47`, ""},
		{"another attribute", `"00100040":{"vr":"CS","Value":["M"]}`, ""},
	} {
		var got []string
		for m, v := range Patients([]byte(c.p)) {
			got = append(got, fmt.Sprint(int(m), " ", string(v)))
		}
		want := strings.ReplaceAll(strings.ReplaceAll(c.want, "4 D", fmt.Sprint(int(Name), " D")), "2 4", fmt.Sprint(int(ID), " 4"))
		if strings.Join(got, "|") != want {
			t.Errorf("%s: got %q, want %q", c.does, got, want)
		}
	}
}

func TestMeaning(t *testing.T) {
	for _, c := range []struct {
		key   string
		want  Meaning
		shown bool
	}{
		{"PatientID", ID, false}, {"00100010", Name, false}, {"PatientBirthDate", Private, false}, {"StudyDate", Thing, true},
		{"RequestAttributesSequence.00080050", ID, false}, {"limit", Unknown, true}, {"secret", Unknown, false},
	} {
		if got := MeaningOf([]byte(c.key)); got != c.want || Shown([]byte(c.key)) != c.shown {
			t.Errorf("%s: got %d, shown %v; want %d, %v", c.key, got, Shown([]byte(c.key)), c.want, c.shown)
		}
	}
	if got := string(AppendValue(nil, []byte("DOE%5eJO+N%"))); got != "DOE^JO N%" {
		t.Errorf("got %q", got)
	}
}

func TestNoAllocation(t *testing.T) {
	x := Exchange{Method: []byte("GET"), Target: []byte("/studies/1.2.3/series?Modality=CT"), Accept: []byte("application/dicom+json")}
	var in Interaction
	var c Counter
	body := []byte(`[{"00100020":{"vr":"LO","Value":["4711"]}}]`)
	if n := testing.AllocsPerRun(100, func() {
		Describe(&x, &in)
		c.Begin(x.Accept)
		c.Write(body)
		for range Patients(body) {
		}
	}); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

func FuzzDescribe(f *testing.F) {
	f.Add([]byte("GET"), []byte("/studies/1.2.3/series?PatientID=1"), []byte("application/dicom+json"), []byte(`[{"00100020":{"Value":["1"]}}]`))
	f.Add([]byte("POST"), []byte("/wado?requestType=WADO&objectUID=1.2"), []byte(`multipart/related; boundary=b`), []byte("--b\r\n\r\nx\r\n--b--"))
	f.Fuzz(func(t *testing.T, method, target, media, body []byte) {
		var in Interaction
		Describe(&Exchange{Method: method, Target: target, RequestType: media, ResponseType: media}, &in)
		var whole, cut Counter
		whole.Begin(media)
		whole.Write(body)
		cut.Begin(media)
		for i := range body {
			cut.Write(body[i : i+1])
		}
		if whole.Objects() != cut.Objects() {
			t.Errorf("counted %d as a whole, %d in pieces", whole.Objects(), cut.Objects())
		}
		for range Patients(body) {
		}
		FirstObject(body)
		for name, value := range Keys(target) {
			MeaningOf(name)
			AppendValue(nil, value)
		}
	})
}
