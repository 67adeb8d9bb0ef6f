-- open: a case now waits for a person
insert into exception_item (id, caisse, case_id, scenario, cause, code, message, failed, amount_c, queue, restricted, attempt)
values (%(id)s, %(caisse)s, %(case_id)s, %(scenario)s, %(cause)s, %(code)s, %(message)s, %(failed)s, %(amount_c)s, %(queue)s,
        %(restricted)s, %(attempt)s)

-- evidence: remember a capture by its digest
insert into evidence (digest, case_id, caisse, attempt, step, kind, bytes)
values (%(digest)s, %(case_id)s, %(caisse)s, %(attempt)s, %(step)s, %(kind)s, %(bytes)s) on conflict do nothing
