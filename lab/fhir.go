package lab

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// fhirServer is a small FHIR R4 server over the lab's patients: read, search, create, update, delete, transaction,
// $everything and the capability statement.
type fhirServer struct {
	mu sync.Mutex
	// made counts the resources created; they are numbered from it.
	made  int
	extra map[string]resource
}

type resource map[string]any

const fhirType = "application/fhir+json"

func newFHIR() http.Handler {
	s := &fhirServer{extra: map[string]resource{}}
	m := http.NewServeMux()
	m.HandleFunc("GET /fhir/metadata", s.metadata)
	m.HandleFunc("GET /fhir/{type}", s.search)
	m.HandleFunc("POST /fhir/{type}/_search", s.search)
	m.HandleFunc("GET /fhir/{type}/{id}", s.read)
	m.HandleFunc("GET /fhir/Patient/{id}/$everything", s.everything)
	m.HandleFunc("POST /fhir/{type}", s.create)
	m.HandleFunc("PUT /fhir/{type}/{id}", s.update)
	m.HandleFunc("DELETE /fhir/{type}/{id}", s.remove)
	m.HandleFunc("POST /fhir", s.transaction)
	m.HandleFunc("POST /fhir/{$}", s.transaction)
	return m
}

func (p Patient) fhir() resource {
	birth := p.Birth[:4] + "-" + p.Birth[4:6] + "-" + p.Birth[6:]
	gender := map[string]string{"F": "female", "M": "male"}[p.Sex]
	return resource{
		"resourceType": "Patient", "id": p.MRN, "birthDate": birth, "gender": gender,
		"identifier": []any{resource{"system": "urn:oid:2.25.31415926535", "value": p.MRN}},
		"name":       []any{resource{"family": p.Family, "given": []string{p.Given}}},
	}
}

func observation(p Patient, n int) resource {
	return resource{
		"resourceType": "Observation", "id": fmt.Sprintf("obs-%s-%d", p.Accession[8:], n), "status": "final",
		"code":          resource{"coding": []any{resource{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}}},
		"subject":       resource{"reference": "Patient/" + p.MRN, "display": p.title()},
		"valueQuantity": resource{"value": 60 + n, "unit": "/min"},
	}
}

func (s *fhirServer) metadata(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, resource{
		"resourceType": "CapabilityStatement", "status": "active", "kind": "instance", "fhirVersion": "4.0.1",
		"format": []string{"json"}, "software": resource{"name": "Lab record", "version": "1.4.2"},
	})
}

func (s *fhirServer) read(w http.ResponseWriter, r *http.Request) {
	kind, id := r.PathValue("type"), r.PathValue("id")
	if p, ok := patientBy(id); ok && kind == "Patient" {
		reply(w, http.StatusOK, p.fhir())
		return
	}
	s.mu.Lock()
	found, ok := s.extra[kind+"/"+id]
	s.mu.Unlock()
	if !ok {
		outcome(w, http.StatusNotFound, "not-found")
		return
	}
	reply(w, http.StatusOK, found)
}

func (s *fhirServer) search(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		outcome(w, http.StatusBadRequest, "invalid")
		return
	}
	var found []resource
	for _, p := range Patients {
		if !p.asked(r) {
			continue
		}
		switch r.PathValue("type") {
		case "Patient":
			found = append(found, p.fhir())
		case "Observation":
			for n := range 3 {
				found = append(found, observation(p, n))
			}
		}
	}
	reply(w, http.StatusOK, bundle("searchset", found))
}

// asked tells whether a search's parameters name the patient. A search without any names all.
func (p Patient) asked(r *http.Request) bool {
	tests := map[string]string{"identifier": p.MRN, "_id": p.MRN, "patient": "Patient/" + p.MRN, "family": p.Family, "name": p.title()}
	for name, have := range tests {
		want := r.Form.Get(name)
		if want != "" && !strings.Contains(strings.ToLower(have), strings.ToLower(want[strings.LastIndexByte(want, '|')+1:])) {
			return false
		}
	}
	return true
}

func (s *fhirServer) everything(w http.ResponseWriter, r *http.Request) {
	p, ok := patientBy(r.PathValue("id"))
	if !ok {
		outcome(w, http.StatusNotFound, "not-found")
		return
	}
	reply(w, http.StatusOK, bundle("searchset", []resource{p.fhir(), observation(p, 0), observation(p, 1)}))
}

func (s *fhirServer) create(w http.ResponseWriter, r *http.Request) {
	kind := r.PathValue("type")
	made, ok := s.store(kind, "", r)
	if !ok {
		outcome(w, http.StatusUnprocessableEntity, "structure")
		return
	}
	w.Header().Set("Location", fmt.Sprintf("/fhir/%s/%s/_history/1", kind, made["id"]))
	reply(w, http.StatusCreated, made)
}

func (s *fhirServer) update(w http.ResponseWriter, r *http.Request) {
	made, ok := s.store(r.PathValue("type"), r.PathValue("id"), r)
	if !ok {
		outcome(w, http.StatusUnprocessableEntity, "structure")
		return
	}
	reply(w, http.StatusOK, made)
}

// store keeps a resource of the kind under the id, or under a new one. ok is false when the body is not of the kind.
func (s *fhirServer) store(kind, id string, r *http.Request) (made resource, ok bool) {
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20)).Decode(&made); err != nil || made["resourceType"] != kind {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if id == "" {
		s.made++
		id = fmt.Sprintf("new-%d", s.made)
	}
	made["id"] = id
	s.extra[kind+"/"+id] = made
	return made, true
}

func (s *fhirServer) remove(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	delete(s.extra, r.PathValue("type")+"/"+r.PathValue("id"))
	s.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// transaction answers every entry of a bundle with 201.
func (s *fhirServer) transaction(w http.ResponseWriter, r *http.Request) {
	var in struct{ Entry []resource }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&in); err != nil {
		outcome(w, http.StatusBadRequest, "structure")
		return
	}
	out := resource{"resourceType": "Bundle", "type": "transaction-response"}
	entries := []any{}
	for range in.Entry {
		entries = append(entries, resource{"response": resource{"status": "201 Created"}})
	}
	out["entry"] = entries
	reply(w, http.StatusOK, out)
}

func bundle(kind string, found []resource) resource {
	entries := []any{}
	for _, r := range found {
		entries = append(entries, resource{"resource": r})
	}
	return resource{"resourceType": "Bundle", "type": kind, "total": len(found), "entry": entries}
}

func outcome(w http.ResponseWriter, status int, code string) {
	reply(w, status, resource{"resourceType": "OperationOutcome", "issue": []any{resource{"severity": "error", "code": code}}})
}

func reply(w http.ResponseWriter, status int, r resource) {
	w.Header().Set("Content-Type", fhirType)
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(r) //nolint:errcheck // a client that left gets nothing
}

func patientBy(mrn string) (Patient, bool) {
	for _, p := range Patients {
		if p.MRN == mrn {
			return p, true
		}
	}
	return Patient{}, false
}
