import { migration } from '../migration.ts'

/** Which articles help with which problems. */
export default migration(schema => {
  schema.tenantKeyedTable('knowledge_article_problems', ['article_id', 'problem_id'], table => {
    table.uuid('article_id')
    table.uuid('problem_id')
    table.time('created_at')
    table.references('article_id', 'knowledge_articles', 'cascade')
    table.references('problem_id', 'problems', 'cascade')
    table.index(['article_id'])
    table.index(['problem_id'])
  })
})
