-- A step stays as it was written but for the words that tell of an erased person.
grant update (note, actor_label) on support.step to tandem_app;
