-- knowledge article problem links. Rendered from db/migrations by "npm run migrations:render"; do not edit.
CREATE TABLE [knowledge_article_problems] (
    [tenant_id] uniqueidentifier not null,
    [article_id] uniqueidentifier not null,
    [problem_id] uniqueidentifier not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [knowledge_article_problems_pkey] PRIMARY KEY ([tenant_id], [article_id], [problem_id]),
    CONSTRAINT [knowledge_article_problems_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [knowledge_article_problems_article_id_foreign] FOREIGN KEY ([article_id]) REFERENCES [knowledge_articles] ([id]) ON DELETE cascade,
    CONSTRAINT [knowledge_article_problems_problem_id_foreign] FOREIGN KEY ([problem_id]) REFERENCES [problems] ([id]) ON DELETE cascade);
GO
CREATE INDEX [knowledge_article_problems_article_id_index] ON [knowledge_article_problems] ([article_id]);
GO
CREATE INDEX [knowledge_article_problems_problem_id_index] ON [knowledge_article_problems] ([problem_id]);
GO
