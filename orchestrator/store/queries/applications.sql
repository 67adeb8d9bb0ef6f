-- touch: an application of which nothing was set has settings from now on
insert into application_setting (caisse, application) values (%(caisse)s, %(application)s) on conflict do nothing

-- hold: an application's settings, kept until the end of the transaction
select sessions, per_account, act_every, zone, days, opens, closes, incidents, try_after from application_setting
where caisse = %(caisse)s and application = %(application)s for update

-- set: change an application's settings, and who did
update application_setting set sessions = %(sessions)s, per_account = %(per_account)s, act_every = %(act_every)s,
    zone = %(zone)s, days = %(days)s::integer[], opens = %(opens)s, closes = %(closes)s, incidents = %(incidents)s,
    try_after = %(try_after)s, next_act = null, set_by = %(login)s, set_at = now()
where caisse = %(caisse)s and application = %(application)s

-- act_turn: in how many seconds the turn of an act comes
select act_turn(%(caisse)s, %(application)s) as wait

-- set_incidents: how many incidents in a row close it
update application_setting set incidents = %(value)s where caisse = %(caisse)s and application = %(application)s

-- set_try_after: how long after them one case is tried
update application_setting set try_after = %(value)s where caisse = %(caisse)s and application = %(application)s

-- sign: who has changed them last
update application_setting set set_by = %(login)s, set_at = now()
where caisse = %(caisse)s and application = %(application)s

-- may_log_in: may a session type a password now
select may_log_in(%(session)s, %(application)s) as answer

-- logged_in: a session was let in
select logged_in(%(session)s, %(application)s)
